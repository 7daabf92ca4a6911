/**
 * The connection to one account and region: signed, with time-outs, through a proxy where there is one.
 * Why it is ours: docs/decisions/0012-aliyun-client.md.
 */
import { randomUUID } from "node:crypto";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { AliyunConfig, AliyunSecrets } from "./config.ts";
import { AliyunRefusal, NoAnswer } from "./errors.ts";
import { authorization, canonicalQuery, emptyBodyHash } from "./signature.ts";

/** Source: each product's SDK, `@alicloud/…`, its API version. */
const versions = { ecs: "2014-05-26", vpc: "2016-04-28", sts: "2015-04-01" } as const;
export type Product = keyof typeof versions;

type Value = string | number | boolean | undefined | readonly Value[] | { [name: string]: Value };
/** By the API's own names; lists are numbered and absent values left out when they are sent. */
export type Parameters = { readonly [name: string]: Value };

export interface AliyunClient {
  /** @throws AliyunRefusal, NoAnswer. @typeParam Answer as the API's documentation has it */
  call<Answer>(product: Product, action: string, parameters: Parameters): Promise<Answer>;
}

const connectTimeoutMs = 10_000;
const answerTimeoutMs = 30_000;

export function openClient(config: AliyunConfig, secrets: AliyunSecrets): AliyunClient {
  const proxyEnv =
    config.proxy === undefined
      ? process.env
      : { HTTPS_PROXY: config.proxy, HTTP_PROXY: config.proxy };
  const agents = {
    https: new Agent({ keepAlive: true, proxyEnv }),
    http: new HttpAgent({ keepAlive: true, proxyEnv }),
  };

  return {
    async call<Answer>(product: Product, action: string, parameters: Parameters) {
      const url = new URL(baseOf(product, config));
      const query = canonicalQuery(flat({ RegionId: config.region, ...parameters }));
      const headers = headersFor(product, action, url.host, secrets);
      const options = {
        method: "POST",
        path: `/?${query}`,
        headers: {
          ...headers,
          accept: "application/json",
          authorization: authorization(query, headers, secrets),
          "content-length": 0,
        },
      };
      const { status, body } = await (url.protocol === "http:"
        ? send(httpRequest(url, { ...options, agent: agents.http }))
        : send(httpsRequest(url, { ...options, agent: agents.https })));
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

/** `{ Tag: [{ Key: "a" }] }` is sent as `Tag.1.Key=a`. */
function flat(value: Value, name = ""): Record<string, string> {
  if (value === undefined) return {};
  if (typeof value !== "object") return { [name]: String(value) };
  const below = name === "" ? "" : `${name}.`;
  const members = Array.isArray(value)
    ? value.map((item, index) => [String(index + 1), item] as const)
    : Object.entries(value);
  return Object.assign({}, ...members.map(([key, inner]) => flat(inner, below + key)));
}

/** The error says nothing of the request: a gateway's user data is in its address. */
async function send(
  request: ReturnType<typeof httpsRequest>,
): Promise<{ status: number; body: string }> {
  const timer = setTimeout(
    () => request.destroy(new Error(`no answer in ${answerTimeoutMs / 1000} s`)),
    answerTimeoutMs,
  );
  try {
    const body = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      request.setTimeout(connectTimeoutMs, () => {
        if (request.socket?.connecting) request.destroy(new Error("no connection"));
      });
      request.once("error", reject);
      request.once("response", (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      });
      request.end();
    });
    return body;
  } catch (error) {
    throw new NoAnswer(error);
  } finally {
    clearTimeout(timer);
  }
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
