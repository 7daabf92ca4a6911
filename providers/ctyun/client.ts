/**
 * The connection to one account and resource pool: JSON over HTTPS, signed, with time-outs, through a proxy where
 * there is one. CTyun's own SDKs are in Go and Java only.
 */
import { randomUUID } from "node:crypto";
import { openTransport } from "../transport.ts";
import type { CtyunConfig, CtyunSecrets } from "./config.ts";
import { type OperationName, operations, type Product } from "./operations.ts";
import { authorization, encodeQuery, eopDate } from "./signature.ts";

/** An answer that is a refusal; `code` is empty where the cloud gave none. */
export class CtyunRefusal extends Error {
  readonly operation: OperationName;
  readonly status: number;
  readonly code: string;
  /** An order that is still being carried out is answered like a refusal, and named here. */
  readonly returned: unknown;

  constructor(
    operation: OperationName,
    refusal: { status: number; code: string; message: string; returned?: unknown },
  ) {
    super(refusal.message);
    this.operation = operation;
    this.status = refusal.status;
    this.code = refusal.code;
    this.returned = refusal.returned;
  }
}

/** What is `undefined` is not sent. */
export type Parameters = Readonly<Record<string, unknown>>;

export interface CtyunClient {
  /**
   * @param parameters the query of a GET and the body of a POST; the resource pool is added
   * @returns what the answer calls `returnObj`
   * @throws `CtyunRefusal`, or `NoAnswer`
   */
  call<T>(operation: OperationName, parameters?: Parameters): Promise<T>;
}

/** As the hosts are called. */
const hosts: Record<Product, string> = {
  ecs: "ctecs",
  ebs: "ebs",
  vpc: "ctvpc",
  image: "ctimage",
};

export function openClient(config: CtyunConfig, secrets: CtyunSecrets): CtyunClient {
  const send = openTransport({ proxy: config.proxy });

  return {
    async call<T>(operation: OperationName, parameters: Parameters = {}) {
      const { product, method, path, ...where } = operations[operation];
      const base = config.endpoints[product] ?? `https://${hosts[product]}-global.${config.domain}`;
      const all = "anywhere" in where ? parameters : { regionID: config.region, ...parameters };
      const query = method === "GET" ? encodeQuery(all as Record<string, string>) : "";
      const body = method === "GET" ? "" : JSON.stringify(all);
      const requestId = randomUUID();
      const date = eopDate(new Date());
      const url = new URL(`${path}${query === "" ? "" : `?${query}`}`, base);
      const answer = await send(url, {
        method,
        headers: {
          "content-type": "application/json",
          "ctyun-eop-request-id": requestId,
          "eop-date": date,
          "eop-authorization": authorization({ requestId, date, query, body }, secrets),
        },
        body,
      });
      return readAnswer(operation, answer.status, answer.body) as T;
    },
  };
}

/**
 * Mostly with HTTP status 200:
 *   {"statusCode": 800, "returnObj"}                                           done
 *   {"statusCode": 900, "errorCode", "message", "description", "errorDetail"}  refused, or still at it
 *   {"statusCode": "CTAPI_10009", "code", "message"}                           the gateway before the products
 * The status is a number or a text, and of two languages one may be missing.
 */
function readAnswer(operation: OperationName, status: number, body: string): unknown {
  const parsed = Object(parse(body));
  const statusCode = String(parsed.statusCode ?? "");
  if (status < 300 && statusCode === "800") return parsed.returnObj ?? {};
  const { errorCode, error, message, description, errorDetail } = parsed;
  const paid = Object(errorDetail);
  const said = [message, description, paid.bssErrCode, paid.bssErrMsg, paid.bssOrigErr];
  const words = [...new Set(said.filter((one) => typeof one === "string" && one !== ""))];
  throw new CtyunRefusal(operation, {
    status,
    // Where it is no number, the status says more than what else the gateway calls its refusal.
    code: /^\D/.test(statusCode) ? statusCode : String(errorCode || error || ""),
    message: words.join(" / ") || body.slice(0, 500) || `HTTP ${status}`,
    returned: parsed.returnObj,
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
