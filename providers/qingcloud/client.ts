/**
 * The connection to one account and zone: signed, with time-outs, through a proxy where there is one. All
 * calls are POST forms: user data and passwords then stand in no address. Source: QingCloud API, "POST
 * request"; the verb is part of what is signed.
 */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { QingcloudConfig, QingcloudSecrets } from "./config.ts";
import { NoAnswer, QingcloudRefusal } from "./errors.ts";
import { canonicalQuery, encode, signatureOf } from "./signature.ts";

type Value = string | number | undefined | readonly Value[] | { [name: string]: Value };
/** By the API's own names; lists are numbered and absent values left out when they are sent. */
export type Parameters = { readonly [name: string]: Value };

export interface QingcloudClient {
  /** @throws QingcloudRefusal, NoAnswer. @typeParam Answer as the API's documentation has it */
  call<Answer>(action: string, parameters: Parameters): Promise<Answer>;
}

const connectTimeoutMs = 10_000;
const answerTimeoutMs = 30_000;

export function openClient(config: QingcloudConfig, secrets: QingcloudSecrets): QingcloudClient {
  const proxyEnv =
    config.proxy === undefined
      ? process.env
      : { HTTPS_PROXY: config.proxy, HTTP_PROXY: config.proxy };
  const agents = {
    https: new Agent({ keepAlive: true, proxyEnv }),
    http: new HttpAgent({ keepAlive: true, proxyEnv }),
  };
  const url = new URL(config.endpoint);

  return {
    async call<Answer>(action: string, parameters: Parameters) {
      const query = canonicalQuery(
        flat({
          ...parameters,
          action,
          zone: config.zone,
          time_stamp: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
          access_key_id: secrets.accessKeyId,
          version: 1,
          signature_method: "HmacSHA256",
          signature_version: 1,
        }),
      );
      const signature = signatureOf(
        { method: "POST", path: url.pathname, query },
        secrets.secretAccessKey,
      );
      const body = `${query}&signature=${encode(signature)}`;
      const options = {
        method: "POST",
        headers: {
          accept: "application/json",
          "content-type": "application/x-www-form-urlencoded",
          "content-length": Buffer.byteLength(body),
        },
      };
      const { status, body: answer } = await (url.protocol === "http:"
        ? send(httpRequest(url, { ...options, agent: agents.http }), body)
        : send(httpsRequest(url, { ...options, agent: agents.https }), body));
      return answerIn<Answer>(action, status, answer);
    },
  };
}

/** `{ rules: [{ protocol: "tcp" }] }` is sent as `rules.1.protocol=tcp`. */
function flat(value: Value, name = ""): Record<string, string> {
  if (value === undefined) return {};
  if (typeof value !== "object") return { [name]: String(value) };
  const below = name === "" ? "" : `${name}.`;
  const members = Array.isArray(value)
    ? value.map((item, index) => [String(index + 1), item] as const)
    : Object.entries(value);
  return Object.assign({}, ...members.map(([key, inner]) => flat(inner, below + key)));
}

async function send(
  request: ReturnType<typeof httpsRequest>,
  form: string,
): Promise<{ status: number; body: string }> {
  const timer = setTimeout(
    () => request.destroy(new Error(`no answer in ${answerTimeoutMs / 1000} s`)),
    answerTimeoutMs,
  );
  try {
    return await new Promise<{ status: number; body: string }>((resolve, reject) => {
      request.setTimeout(connectTimeoutMs, () => {
        if (request.socket?.connecting) request.destroy(new Error("no connection"));
      });
      request.once("error", reject);
      request.once("response", (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      });
      request.end(form);
    });
  } catch (error) {
    throw new NoAnswer(error);
  } finally {
    clearTimeout(timer);
  }
}

/** A refusal too has status 200: `ret_code` tells. Source: QingCloud API, "Error codes". */
function answerIn<Answer>(action: string, status: number, body: string): Answer {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(body);
  } catch (error) {
    throw new QingcloudRefusal(action, status, undefined, body.slice(0, 200), { cause: error });
  }
  const { ret_code: code, message } = answer;
  if (code === 0) return answer as Answer;
  throw new QingcloudRefusal(
    action,
    status,
    typeof code === "number" ? code : undefined,
    String(message ?? ""),
  );
}
