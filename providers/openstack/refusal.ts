/** An answer that is a refusal, as each service words it. */
import type { OperationName } from "./operations.ts";
import type { JsonAnswer } from "./transport.ts";

export class OpenstackRefusal extends Error {
  readonly operation: OperationName | "LogIn";
  readonly status: number;
  /** Such as `itemNotFound`, or Neutron's type; empty where the service gave none. */
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    operation: OperationName | "LogIn",
    status: number,
    code: string,
    message: string,
    retryAfterSeconds?: number,
  ) {
    super(message);
    this.operation = operation;
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export function refusalOf(
  operation: OperationName | "LogIn",
  { status, headers, body, text }: JsonAnswer,
): OpenstackRefusal {
  const { code, message } = wordsIn(body);
  const after = Number(headers["retry-after"] ?? Number.NaN);
  return new OpenstackRefusal(
    operation,
    status,
    code,
    withoutUserData(message || plain(text) || `HTTP ${status}`),
    Number.isNaN(after) ? undefined : after,
  );
}

/**
 *   {"NeutronError": {"type", "message", "detail"}}          Neutron
 *   {"<kind>": {"code", "message"}}                          Nova, Cinder, such as itemNotFound
 *   {"error": {"code", "title", "message"}}                  Keystone, and what guards the others' doors
 *   {"message", "code", "title"}                             Glance, with line breaks of HTML in its message
 */
function wordsIn(answer: unknown): { code: string; message: string } {
  const [[kind, inner] = ["", undefined]] = Object.entries(Object(answer));
  if (typeof inner === "string") {
    const { title, message } = Object(answer);
    return { code: String(title ?? ""), message: plain(String(message ?? inner)) };
  }
  const { type, title, message, detail } = Object(inner);
  const said = [message, detail].filter((part) => typeof part === "string" && part !== "");
  const code = type ?? (kind === "error" ? title : kind);
  return { code: String(code ?? ""), message: said.join(" ") };
}

/** Load balancers answer in HTML or plain text. */
function plain(text: string): string {
  return text
    .replaceAll(/<head>[\s\S]*?<\/head>|<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, 500);
}

/** Nova quotes user data that it does not take, and in ours stands a one-time code (seen on Zed). */
function withoutUserData(message: string): string {
  return message.replace(/(user_data)[\s\S]*/, "$1 is not valid");
}
