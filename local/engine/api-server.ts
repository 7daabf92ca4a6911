import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiError, apiErrors } from "./api-errors.ts";
import { type Action, requests } from "./api-requests.ts";
import type { Json } from "./payload.ts";

/**
 * The wire: AWS JSON 1.0 over HTTP on loopback. The action is named by the header `X-Amz-Target:
 * AWSStepFunctions.<Action>`; errors are `{"__type", "message"}` with status 400.
 *
 * Whoever can reach the loopback address may ask anything: signatures are not looked at. A web page
 * cannot, because its browser asks first whether it may send that header, and is never told so.
 */
export type Act = (action: Action, request: never) => Json | Promise<Json>;

const contentType = "application/x-amz-json-1.0";
// A definition of 1 MiB whose every character is escaped fits; nothing legal is larger.
const mostBodyBytes = 8 * 1_048_576;
const hosts = new Set(["127.0.0.1", "localhost"]);

export async function listen(
  port: number,
  act: Act,
  uuid: () => string,
): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    void respond(request, response, act, uuid());
  });
  // Kept-alive connections would hold up close().
  server.keepAliveTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  act: Act,
  requestId: string,
): Promise<void> {
  const answer = (status: number, body: Json, errorType?: string) => {
    response.writeHead(status, {
      "content-type": contentType,
      "x-amzn-requestid": requestId,
      ...(errorType === undefined ? {} : { "x-amzn-errortype": errorType }),
    });
    response.end(JSON.stringify(body));
  };
  try {
    answer(200, await handle(request, act));
  } catch (thrown) {
    const error =
      thrown instanceof ApiError
        ? thrown
        : new ApiError("InternalFailure", (thrown as Error).message, 500);
    // The rest of a body that was not read would be taken for the next request.
    if (!request.complete) response.shouldKeepAlive = false;
    answer(error.status, { __type: error.code, message: error.message }, error.code);
  }
}

async function handle(request: IncomingMessage, act: Act): Promise<Json> {
  // A name that was made to point here (DNS rebinding) does not get past this.
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").replace(/^sync-/, "");
  if (!hosts.has(host)) throw new ApiError("AccessDeniedException", `Not for ${host}`, 403);
  const target = String(request.headers["x-amz-target"] ?? "");
  const action = /^AWSStepFunctions\.(\w+)$/.exec(target)?.[1] ?? "";
  if (request.method !== "POST" || !isAction(action)) {
    throw new ApiError("UnknownOperationException", `Unknown operation: ${target}`);
  }
  const document = parseBody(await readBody(request));
  const parsed = requests[action].safeParse(document);
  if (!parsed.success) throw apiErrors.invalid(explain(parsed.error.issues));
  return act(action, parsed.data as never);
}

function isAction(name: string): name is Action {
  return Object.hasOwn(requests, name);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBodyBytes) {
      throw new ApiError("RequestEntityTooLargeException", "The request is too large", 413);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new ApiError("SerializationException", "The request is not valid JSON");
  }
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function explain(issues: readonly Issue[]): string {
  const words = issues.map(
    ({ path, message }) =>
      `Value at '${path.map(String).join(".")}' failed to satisfy constraint: ${message}`,
  );
  return `${issues.length} validation error detected: ${words.join("; ")}`;
}
