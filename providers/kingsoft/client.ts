/** The connection to one account and region: signed, with time-outs, through a proxy where there is one. */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { KingsoftConfig, KingsoftSecrets } from "./config.ts";
import { KingsoftRefusal, NoAnswer } from "./errors.ts";
import { authorization, canonicalQuery, dateOf } from "./signature.ts";

/** All of one version. Source: github.com/kingsoftcloud/sdk-go, each service's client. */
const version = "2016-03-04";
export type Service = "kec" | "ebs" | "vpc" | "eip";

type Value = string | number | boolean | undefined | readonly Value[] | { [name: string]: Value };
/** By the API's own names; lists are numbered from 1 and absent values left out when they are sent. */
export type Parameters = { readonly [name: string]: Value };

export interface KingsoftClient {
  /** @throws KingsoftRefusal, NoAnswer. @typeParam Answer as the API's documentation has it */
  call<Answer>(service: Service, action: string, parameters?: Parameters): Promise<Answer>;
}

const connectTimeoutMs = 10_000;
const answerTimeoutMs = 30_000;
const contentType = "application/x-www-form-urlencoded";

export function openClient(config: KingsoftConfig, secrets: KingsoftSecrets): KingsoftClient {
  const { proxy, region } = config;
  const proxyEnv = proxy === undefined ? process.env : { HTTPS_PROXY: proxy, HTTP_PROXY: proxy };
  const agents = {
    https: new Agent({ keepAlive: true, proxyEnv }),
    http: new HttpAgent({ keepAlive: true, proxyEnv }),
  };

  return {
    async call<Answer>(service: Service, action: string, parameters: Parameters = {}) {
      const url = new URL(config.endpoints[service] ?? `https://${service}.api.ksyun.com`);
      const query = canonicalQuery({ Action: action, Version: version });
      // A gateway's user data would be too long for an address.
      const body = canonicalQuery(flat(parameters));
      const date = dateOf(new Date());
      const signed = { method: "POST", host: url.host, query, contentType, body, date };
      const options = {
        method: "POST",
        path: `/?${query}`,
        headers: {
          host: url.host,
          "x-amz-date": date,
          "content-type": contentType,
          "content-length": Buffer.byteLength(body),
          // XML unless told. Source: EBS API reference, "Response".
          accept: "application/json",
          authorization: authorization(signed, { region, service }, secrets),
        },
      };
      const answer = await (url.protocol === "http:"
        ? send(httpRequest(url, { ...options, agent: agents.http }), body)
        : send(httpsRequest(url, { ...options, agent: agents.https }), body));
      return answerIn<Answer>(`${service}:${action}`, answer.status, answer.body);
    },
  };
}

/** `{ InstanceId: ["a"] }` is sent as `InstanceId.1=a`. */
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
  request: ReturnType<typeof httpRequest>,
  sent: string,
): Promise<{ status: number; body: string }> {
  const timer = setTimeout(
    () => request.destroy(new Error(`no answer in ${answerTimeoutMs / 1000} s`)),
    answerTimeoutMs,
  );
  try {
    return await new Promise((resolve, reject) => {
      request.setTimeout(connectTimeoutMs, () => {
        if (request.socket?.connecting) request.destroy(new Error("no connection"));
      });
      request.once("error", reject);
      request.once("response", (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      });
      request.end(sent);
    });
  } catch (error) {
    throw new NoAnswer(error);
  } finally {
    clearTimeout(timer);
  }
}

interface Told {
  readonly Code?: string;
  readonly Message?: string;
}

/** As an error is written. Sources: EBS API reference, "Response"; sdk-go, common/http/response.go, for the older way. */
interface Failure {
  readonly RequestId?: string;
  readonly Error?: Told;
  readonly code?: number | string;
  readonly codeDesc?: string;
  readonly message?: string;
}

/** What several things were ordered for fails for each of them, with status 200. Source: KEC API, TerminateInstances. */
interface Orders {
  readonly InstancesSet?: readonly {
    readonly InstanceId?: string;
    readonly Return?: boolean;
    readonly Message?: string;
    /** StopInstances writes it so. */
    readonly Messgae?: string;
  }[];
}

function answerIn<Answer>(action: string, status: number, body: string): Answer {
  let answer: Failure & Orders;
  try {
    answer = JSON.parse(body);
  } catch (error) {
    throw new KingsoftRefusal(action, status, "", body.slice(0, 200), undefined, { cause: error });
  }
  const { Error: told, RequestId, codeDesc, message = "" } = answer;
  if (told !== undefined) {
    throw new KingsoftRefusal(action, status, told.Code ?? "", told.Message ?? "", RequestId);
  }
  if (status >= 300) {
    throw new KingsoftRefusal(
      action,
      status,
      codeDesc ?? String(answer.code ?? ""),
      message,
      RequestId,
    );
  }
  const refused = answer.InstancesSet?.find(({ Return }) => Return === false);
  if (refused !== undefined) {
    const why = refused.Message || refused.Messgae || "";
    throw new KingsoftRefusal(action, status, "Return", why, RequestId);
  }
  return answer as Answer;
}
