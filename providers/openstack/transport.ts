/** Plain HTTP with time-outs, through a proxy where there is one, and what a certificate must be signed by. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as http,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as https } from "node:https";
import { text } from "node:stream/consumers";
import { rootCertificates } from "node:tls";
import type { OpenstackConfig } from "./config.ts";

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed where it is JSON. */
  readonly body: unknown;
  readonly text: string;
}

export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

const connectTimeoutMs = 10_000;
/** Nova and Cinder ask each other before they answer. */
const answerTimeoutMs = 60_000;
/** Far above what a full page of servers is. */
const mostAnswerBytes = 64 * 1024 ** 2;

/** Of one target: another target's certificates and choices don't count here. */
export function openTransport(
  config: Pick<OpenstackConfig, "proxy" | "caCertificates" | "insecure">,
): Send {
  const { proxy, caCertificates, insecure } = config;
  const proxyEnv = proxy === undefined ? process.env : { HTTPS_PROXY: proxy, HTTP_PROXY: proxy };
  const agents = {
    "https:": new HttpsAgent({
      keepAlive: true,
      proxyEnv,
      rejectUnauthorized: !insecure,
      ...(caCertificates === undefined ? {} : { ca: [...rootCertificates, caCertificates] }),
    }),
    "http:": new HttpAgent({ keepAlive: true, proxyEnv }),
  };

  return async ({ method, url, headers, body }) => {
    const sending = body === undefined ? "" : JSON.stringify(body);
    const plain = url.protocol === "http:";
    const options = {
      method,
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? undefined : url.port,
      path: `${url.pathname}${url.search}`,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        "content-length": String(Buffer.byteLength(sending)),
        ...headers,
      },
      agent: plain ? agents["http:"] : agents["https:"],
      signal: AbortSignal.timeout(answerTimeoutMs),
    };
    const response = await answerTo(plain ? http(options) : https(options), sending);
    if (Number(response.headers["content-length"] ?? 0) > mostAnswerBytes) {
      response.destroy();
      throw new Error("the answer is too large");
    }
    const answered = await text(response);
    const { statusCode: status = 0, headers: heard } = response;
    return { status, headers: heard, text: answered, body: parse(answered) };
  };
}

function answerTo(sent: ClientRequest, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
    sent.once("socket", (socket) => {
      if (!socket.connecting) return;
      const late = () => sent.destroy(new Error("ETIMEDOUT: no connection"));
      const timer = setTimeout(late, connectTimeoutMs);
      socket.once("connect", () => clearTimeout(timer));
      socket.once("close", () => clearTimeout(timer));
    });
    sent.end(body);
  });
}

function parse(body: string): unknown {
  if (body.trim() === "") return {};
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
