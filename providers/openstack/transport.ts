/** JSON over HTTP, as all services of an OpenStack speak it; and what a certificate must be signed by. */
import { rootCertificates } from "node:tls";
import { type HttpAnswer, openTransport } from "../transport.ts";
import type { OpenstackConfig } from "./config.ts";

export interface JsonRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object | undefined;
}

export interface JsonAnswer extends Omit<HttpAnswer, "body"> {
  /** Parsed where it is JSON. */
  readonly body: unknown;
  readonly text: string;
}

/** @throws NoAnswer */
export type SendJson = (request: JsonRequest) => Promise<JsonAnswer>;

/** Nova and Cinder ask each other before they answer. */
const answerTimeoutMs = 60_000;

export function openJsonTransport(
  config: Pick<OpenstackConfig, "proxy" | "caCertificates" | "insecure">,
): SendJson {
  const { proxy, caCertificates, insecure } = config;
  const send = openTransport({
    ...{ proxy, insecure, answerTimeoutMs },
    ...(caCertificates === undefined ? {} : { ca: [...rootCertificates, caCertificates] }),
  });

  return async ({ method, url, headers, body }) => {
    const answer = await send(url, {
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { ...answer, text: answer.body, body: parse(answer.body) };
  };
}

function parse(body: string): unknown {
  if (body.trim() === "") return {};
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
