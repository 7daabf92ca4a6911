/** HTTP for the clients of ours: kept connections, time-outs, and a proxy where there is one. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as http,
  type IncomingHttpHeaders,
} from "node:http";
import { Agent as HttpsAgent, request as https } from "node:https";
import { text } from "node:stream/consumers";

/** The way there or back failed. Says nothing of the request, which may hold a one-time code. */
export class NoAnswer extends Error {
  /** Node's, such as ECONNRESET; empty where it has none for it. */
  readonly code: string;

  constructor(cause: unknown) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const message = cause instanceof Error ? cause.message : String(cause);
    super(code === "" || message.includes(code) ? message : `${code}: ${message}`);
    this.name = "NoAnswer";
    this.code = code;
  }
}

const late = (what: string) => Object.assign(new Error(what), { code: "ETIMEDOUT" });

export interface HttpOrder {
  readonly method: string;
  /** As it is signed and sent; the address's own unless told. */
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Its length is put into the headers. */
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Whatever the status. @throws NoAnswer */
export type Send = (url: URL, order: HttpOrder) => Promise<HttpAnswer>;

const connectTimeoutMs = 10_000;
/** Far above what a full page of anything is. */
const mostAnswerBytes = 64 * 1024 ** 2;

export interface TransportOptions {
  /** HTTPS_PROXY and HTTP_PROXY of the environment unless told. */
  readonly proxy?: string | undefined;
  /** Certificates that the other side's must be signed by, in place of the usual ones. */
  readonly ca?: string | readonly string[] | undefined;
  /** Takes any certificate: only where an operator chose that. */
  readonly insecure?: boolean;
  readonly answerTimeoutMs?: number;
}

/** Of one target: another target's certificates and choices don't count here. */
export function openTransport(options: TransportOptions): Send {
  const { proxy, ca, insecure = false, answerTimeoutMs = 30_000 } = options;
  const proxyEnv = proxy === undefined ? process.env : { HTTPS_PROXY: proxy, HTTP_PROXY: proxy };
  const agents = {
    https: new HttpsAgent({
      ...{ keepAlive: true, proxyEnv, rejectUnauthorized: !insecure },
      ...(ca === undefined ? {} : { ca: [ca].flat() }),
    }),
    http: new HttpAgent({ keepAlive: true, proxyEnv }),
  };

  return async (url, { method, path, headers, body = "" }) => {
    const order = {
      ...{ method, headers: { ...headers, "content-length": String(Buffer.byteLength(body)) } },
      ...(path === undefined ? {} : { path }),
    };
    const request =
      url.protocol === "http:"
        ? http(url, { ...order, agent: agents.http })
        : https(url, { ...order, agent: agents.https });
    const timer = setTimeout(
      () => request.destroy(late(`no answer in ${answerTimeoutMs / 1000} s`)),
      answerTimeoutMs,
    );
    try {
      return await answerTo(request, body);
    } catch (error) {
      throw new NoAnswer(error);
    } finally {
      clearTimeout(timer);
    }
  };
}

function answerTo(request: ClientRequest, body: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    request.setTimeout(connectTimeoutMs, () => {
      if (request.socket?.connecting) request.destroy(late("no connection"));
    });
    request.once("error", reject);
    request.once("response", (response) => {
      if (Number(response.headers["content-length"] ?? 0) > mostAnswerBytes) {
        request.destroy(new Error("the answer is too large"));
      }
      const { statusCode: status = 0, headers } = response;
      text(response).then((answer) => resolve({ status, headers, body: answer }), reject);
    });
    request.end(body);
  });
}
