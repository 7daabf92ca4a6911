/**
 * The connection to one account, region and project: signed, with time-outs, through a proxy where there
 * is one. The vendor's Node client is not on npm.
 */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { UCloudConfig, UCloudSecrets } from "./config.ts";
import { NoAnswer, UCloudRefusal } from "./errors.ts";
import { sign } from "./signature.ts";

type Value = string | number | boolean | undefined | readonly Value[] | { [name: string]: Value };
/** By the API's own names; lists are numbered from 0 and absent values left out when they are sent. */
export type Parameters = { readonly [name: string]: Value };

export interface UCloudClient {
  /** @throws UCloudRefusal, NoAnswer. @typeParam Answer as the API's documentation has it */
  call<Answer>(action: string, parameters?: Parameters): Promise<Answer>;
}

/** The same in all regions; inside a VPC it is http://api.service.ucloud.cn. Source: "API 访问地址". */
const vendorsOwn = "https://api.ucloud.cn";

const connectTimeoutMs = 10_000;
/** UCloud gives up after 60 s (RetCode 110). */
const answerTimeoutMs = 65_000;

export function openClient(config: UCloudConfig, secrets: UCloudSecrets): UCloudClient {
  const { region, projectId, proxy } = config;
  const proxyEnv = proxy === undefined ? process.env : { HTTPS_PROXY: proxy, HTTP_PROXY: proxy };
  const agents = {
    https: new Agent({ keepAlive: true, proxyEnv }),
    http: new HttpAgent({ keepAlive: true, proxyEnv }),
  };
  const url = new URL(config.endpoint ?? vendorsOwn);

  return {
    async call<Answer>(action: string, parameters: Parameters = {}) {
      const unsigned = flat({
        ...{ Action: action, PublicKey: secrets.publicKey, SecurityToken: secrets.securityToken },
        ...{ Region: region, ProjectId: projectId },
        ...parameters,
      });
      const form = new URLSearchParams(unsigned);
      form.set("Signature", sign(unsigned, secrets.privateKey));
      const body = form.toString();
      const options = {
        method: "POST",
        headers: {
          accept: "application/json",
          "content-type": "application/x-www-form-urlencoded",
          "content-length": Buffer.byteLength(body),
        },
      };
      const answer = await (url.protocol === "http:"
        ? send(httpRequest(url, { ...options, agent: agents.http }), body)
        : send(httpsRequest(url, { ...options, agent: agents.https }), body));
      return answerIn<Answer>(action, answer);
    },
  };
}

/** `{ Rule: ["a"] }` is sent as `Rule.0=a`. */
export function flat(value: Value, name = ""): Record<string, string> {
  if (value === undefined) return {};
  if (typeof value !== "object") return { [name]: String(value) };
  const below = name === "" ? "" : `${name}.`;
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, inner]) => flat(inner, below + key)),
  );
}

/** The error says nothing of the request, which may hold a gateway's one-time code. */
async function send(request: ReturnType<typeof httpsRequest>, body: string): Promise<string> {
  const timer = setTimeout(
    () => request.destroy(new Error(`no answer in ${answerTimeoutMs / 1000} s`)),
    answerTimeoutMs,
  );
  try {
    return await new Promise<string>((resolve, reject) => {
      request.setTimeout(connectTimeoutMs, () => {
        if (request.socket?.connecting) request.destroy(new Error("no connection"));
      });
      request.once("error", reject);
      request.once("response", (response) => text(response).then(resolve, reject));
      request.end(body);
    });
  } catch (error) {
    throw new NoAnswer(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Refusals come with HTTP status 200; what is no JSON comes from something between. */
function answerIn<Answer>(action: string, body: string): Answer {
  let answer: { RetCode?: unknown; Message?: unknown };
  try {
    answer = JSON.parse(body);
  } catch (error) {
    throw new NoAnswer(new Error(`no JSON: ${body.slice(0, 80)}`, { cause: error }));
  }
  if (answer.RetCode === 0) return answer as Answer;
  throw new UCloudRefusal(action, Number(answer.RetCode), String(answer.Message ?? ""));
}

/** The most that hosts take (DescribeUHostInstance, Limit); the other lists do not say what they take. */
const pageSize = 100;

/** All pages of a list, also where they are shorter than asked for. */
export async function listAll<Answer, T>(
  { client }: { readonly client: UCloudClient },
  action: string,
  filter: Parameters,
  read: (answer: Answer) => readonly T[] | undefined,
): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const page = { ...filter, Offset: found.length, Limit: pageSize };
    const answer = await client.call<Answer & { TotalCount?: number }>(action, page);
    const items = read(answer) ?? [];
    found.push(...items);
    const { TotalCount } = answer;
    const isLast = TotalCount === undefined ? items.length < pageSize : found.length >= TotalCount;
    if (isLast || items.length === 0) return found;
  }
}
