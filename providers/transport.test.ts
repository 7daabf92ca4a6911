import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { openTransport } from "./transport.ts";

let server: Server;

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

async function serve(answer: RequestListener): Promise<URL> {
  server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api`);
}

const secret = "a-one-time-code";
const order = { method: "POST", headers: { authorization: secret }, body: secret };

test("what was sent arrives with its length, and any status is an answer", async () => {
  const url = await serve(async (request, response) => {
    const body = await text(request);
    const { "content-length": length } = request.headers;
    response.writeHead(503).end(`${request.method} ${request.url} ${length} ${body}`);
  });
  const send = openTransport({});

  expect(await send(url, { ...order, path: "/?a=%27", body: "é" })).toMatchObject({
    ...{ status: 503, body: "POST /?a=%27 2 é" },
  });
  expect(await send(url, { method: "GET", headers: {} })).toMatchObject({ body: "GET /api 0 " });
});

test.each<[string, RequestListener, string]>([
  ["never answered", () => undefined, "ETIMEDOUT"],
  ["never ended", (_, response) => response.writeHead(200).write("{"), "ETIMEDOUT"],
  ["cut off", (request) => request.socket.destroy(), "ECONNRESET"],
  [
    "larger than any page",
    (_, response) => response.writeHead(200, { "content-length": String(1024 ** 3) }).write("{"),
    "",
  ],
])("a request that is %s ends in an error that tells nothing of it", async (_, answer, code) => {
  const url = await serve(answer);

  const error = await openTransport({ answerTimeoutMs: 300 })(url, order).catch(
    (thrown: unknown) => thrown,
  );

  expect(error).toMatchObject({ name: "NoAnswer", code });
  expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain(secret);
});

test("a proxy that is set is the one that is asked", async () => {
  const proxy = await serve((request, response) => response.end(request.url));

  const { body } = await openTransport({ proxy: proxy.origin })(
    new URL("http://cloud.invalid/api"),
    order,
  );

  expect(body).toBe("http://cloud.invalid/api");
});
