/**
 * The connection to one account and region: signed, with time-outs, through a proxy where there is one.
 * Why it is ours: docs/decisions/0012-aliyun-client.md.
 */
import { randomUUID } from "node:crypto";
import { numbered, type Parameters } from "../numbered-parameters.ts";
import { openTransport } from "../transport.ts";
import type { AliyunConfig, AliyunSecrets } from "./config.ts";
import { AliyunRefusal } from "./errors.ts";
import { authorization, canonicalQuery, emptyBodyHash } from "./signature.ts";

/** Source: each product's SDK, `@alicloud/…`, its API version. */
const versions = { ecs: "2014-05-26", vpc: "2016-04-28", sts: "2015-04-01" } as const;
export type Product = keyof typeof versions;

export interface AliyunClient {
  /** @throws AliyunRefusal, NoAnswer. @typeParam Answer as the API's documentation has it */
  call<Answer>(product: Product, action: string, parameters: Parameters): Promise<Answer>;
}

export function openClient(config: AliyunConfig, secrets: AliyunSecrets): AliyunClient {
  const send = openTransport({ proxy: config.proxy });

  return {
    async call<Answer>(product: Product, action: string, parameters: Parameters) {
      const url = new URL(baseOf(product, config));
      const query = canonicalQuery(numbered({ RegionId: config.region, ...parameters }, 1));
      const headers = headersFor(product, action, url.host, secrets);
      const options = {
        method: "POST",
        path: `/?${query}`,
        headers: {
          ...headers,
          accept: "application/json",
          authorization: authorization(query, headers, secrets),
        },
      };
      const { status, body } = await send(url, { ...options });
      return answerIn<Answer>(status, body);
    },
  };
}

function baseOf(product: Product, { endpoints, region }: AliyunConfig): string {
  const given = endpoints[product];
  if (given?.startsWith("http")) return given;
  return `https://${given ?? `${product}.${region}.aliyuncs.com`}`;
}

function headersFor(product: Product, action: string, host: string, secrets: AliyunSecrets) {
  return {
    host,
    "x-acs-action": action,
    "x-acs-version": versions[product],
    "x-acs-content-sha256": emptyBodyHash,
    "x-acs-date": new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    "x-acs-signature-nonce": randomUUID(),
    ...(secrets.securityToken === undefined
      ? {}
      : {
          "x-acs-accesskey-id": secrets.accessKeyId,
          "x-acs-security-token": secrets.securityToken,
        }),
  };
}

/** Errors are JSON too. Source: ECS API reference, "Error responses". */
function answerIn<Answer>(status: number, body: string): Answer {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(body);
  } catch (error) {
    throw new AliyunRefusal(status, "", body.slice(0, 200), undefined, { cause: error });
  }
  if (status < 300) return answer as Answer;
  const { Code, Message, RequestId } = answer;
  throw new AliyunRefusal(status, String(Code ?? ""), String(Message ?? ""), String(RequestId));
}
