/**
 * The connection to one account and resource pool: JSON over HTTPS, signed, with time-outs, through a proxy where
 * there is one. CTyun's own SDKs are in Go and Java only.
 */
import { randomUUID } from "node:crypto";
import { Agent as HttpAgent, request as http } from "node:http";
import { Agent as HttpsAgent, request as https } from "node:https";
import { text } from "node:stream/consumers";
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
   * @throws `CtyunRefusal`, or what Node says of the line
   */
  call<T>(operation: OperationName, parameters?: Parameters): Promise<T>;
}

const connectTimeoutMs = 10_000;
const answerTimeoutMs = 30_000;
/** Far above what a full page is. */
const mostAnswerBytes = 16 * 1024 ** 2;

/** As the hosts are called. */
const hosts: Record<Product, string> = {
  ecs: "ctecs",
  ebs: "ebs",
  vpc: "ctvpc",
  image: "ctimage",
};

export function openClient(config: CtyunConfig, secrets: CtyunSecrets): CtyunClient {
  const proxyEnv =
    config.proxy === undefined
      ? process.env
      : { HTTPS_PROXY: config.proxy, HTTP_PROXY: config.proxy };
  const agents = {
    "https:": new HttpsAgent({ keepAlive: true, proxyEnv }),
    "http:": new HttpAgent({ keepAlive: true, proxyEnv }),
  };

  return {
    async call<T>(operation: OperationName, parameters: Parameters = {}) {
      const { product, method, path, ...where } = operations[operation];
      const base = config.endpoints[product] ?? `https://${hosts[product]}-global.${config.domain}`;
      const all = "anywhere" in where ? parameters : { regionID: config.region, ...parameters };
      const query = method === "GET" ? encodeQuery(all as Record<string, string>) : "";
      const body = method === "GET" ? "" : JSON.stringify(all);
      const requestId = randomUUID();
      const date = eopDate(new Date());
      const order: Order = {
        url: new URL(`${path}${query === "" ? "" : `?${query}`}`, base),
        method,
        headers: {
          "content-type": "application/json",
          "content-length": String(Buffer.byteLength(body)),
          "ctyun-eop-request-id": requestId,
          "eop-date": date,
          "eop-authorization": authorization({ requestId, date, query, body }, secrets),
        },
        body,
      };
      const answer = await send(order, agents);
      return readAnswer(operation, answer.status, answer.body) as T;
    },
  };
}

interface Order {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function send(
  { url, method, headers, body }: Order,
  agents: { "https:": HttpsAgent; "http:": HttpAgent },
): Promise<{ status: number; body: string }> {
  const signal = AbortSignal.timeout(answerTimeoutMs);
  const sent =
    url.protocol === "http:"
      ? http(url, { method, headers, signal, agent: agents["http:"] })
      : https(url, { method, headers, signal, agent: agents["https:"] });
  return new Promise((resolve, reject) => {
    sent.once("error", reject);
    sent.once("socket", (socket) => {
      if (!socket.connecting) return;
      const late = () => sent.destroy(new Error("ETIMEDOUT: no connection"));
      const timer = setTimeout(late, connectTimeoutMs);
      socket.once("connect", () => clearTimeout(timer));
      socket.once("close", () => clearTimeout(timer));
    });
    sent.once("response", (response) => {
      if (Number(response.headers["content-length"] ?? 0) > mostAnswerBytes) {
        sent.destroy(new Error("the answer is too large"));
        return;
      }
      text(response).then((read) => {
        resolve({ status: response.statusCode ?? 0, body: read });
      }, reject);
    });
    sent.end(body);
  });
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
