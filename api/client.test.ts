import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { openClient } from "./client.ts";
import { parseEventStream } from "./stream.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Something that answers like a console, or not like one. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering = (status: number, body: string) =>
  serve((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });

test("what the console refuses is thrown as the error it was there", async () => {
  const error = {
    code: "server.busy",
    params: { server: "web-1", run: "run-1" },
    message: "…",
    hint: "…",
  };
  const client = openClient({ baseUrl: await answering(409, JSON.stringify({ error })) });

  await expect(client.sync("srv-1")).rejects.toMatchObject({
    name: "MigrationError",
    code: "server.busy",
    params: { server: "web-1", run: "run-1" },
  });
});

test("a code of a newer console is shown as it is", async () => {
  const error = { code: "moon.full", params: {}, message: "…", hint: "…" };
  const client = openClient({ baseUrl: await answering(409, JSON.stringify({ error })) });

  await expect(client.me()).rejects.toThrow("moon.full");
});

test("what does not answer like a console is unreachable, with the reason", async () => {
  const page = await answering(502, "<html>bad gateway</html>");
  const stranger = await answering(200, '{"hello":"world"}');
  const closed = await answering(200, "");
  const [gone] = servers.splice(2);
  await new Promise((resolve) => gone?.close(resolve));

  for (const [baseUrl, problem] of [
    [page, "status 502"],
    [stranger, "what this version expects"],
    [closed, "ECONNREFUSED"],
  ] as const) {
    await expect(openClient({ baseUrl }).health(), problem).rejects.toMatchObject({
      code: "console.unreachable",
      params: { address: baseUrl, problem: expect.stringContaining(problem) },
    });
  }
});

test("token and language go with every call, names into the path as they are", async () => {
  const seen: unknown[] = [];
  const baseUrl = await serve((request, response) => {
    const { authorization, "accept-language": language } = request.headers;
    seen.push([request.method, request.url, authorization, language]);
    response.writeHead(204).end();
  });
  const client = openClient({ baseUrl, token: () => "t0ken", language: "zh" });

  await client.removeServer("srv/../x?y");

  expect(seen).toEqual([["DELETE", "/v1/servers/srv%2F..%2Fx%3Fy", "Bearer t0ken", "zh"]]);
});

test("a listing goes on over all pages, and no further than it is read", async () => {
  const asked: string[] = [];
  const baseUrl = await serve((request, response) => {
    asked.push(request.url ?? "");
    const number = asked.length;
    const user = { name: `user-${number}`, role: "viewer", oneTime: false, createdAt: "x" };
    const page = { items: [user], ...(number < 3 ? { cursor: `after ${number}` } : {}) };
    response.end(JSON.stringify(page));
  });
  const names: string[] = [];
  for await (const { name } of openClient({ baseUrl }).listUsers()) names.push(name);

  expect(names).toEqual(["user-1", "user-2", "user-3"]);
  expect(asked).toEqual(["/v1/users", "/v1/users?cursor=after+1", "/v1/users?cursor=after+2"]);
  for await (const _ of openClient({ baseUrl }).listUsers()) break;
  expect(asked).toHaveLength(4);
});

const event = {
  id: "e1",
  serverId: "srv-1",
  at: "2026-01-01T00:00:00Z",
  type: "x",
  params: {},
  text: "x 中文",
};

test("an event stream that breaks is unreachable; one that was aborted ends", async () => {
  const baseUrl = await serve((request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`: here\nid: e1\ndata: ${JSON.stringify(event)}\n\n`);
    if (request.url?.includes("breaks")) setTimeout(() => response.destroy(), 50);
  });
  const client = openClient({ baseUrl });
  const stop = new AbortController();
  const texts: string[] = [];

  const breaking = async () => {
    const never = new AbortController().signal;
    for await (const { text } of client.followEvents({ serverId: "breaks" }, never)) {
      texts.push(text);
    }
  };
  await expect(breaking()).rejects.toMatchObject({ code: "console.unreachable" });
  for await (const { text } of client.followEvents({}, stop.signal)) {
    texts.push(text);
    stop.abort();
  }

  expect(texts).toEqual(["x 中文", "x 中文"]);
});

test("events are found wherever the chunks of a stream are cut", async () => {
  const bytes = new TextEncoder().encode(
    ": hello\r\n\nid: 1\r\ndata: a 中\r\n\r\ndata:b\ndata: c\n\n",
  );
  for (let at = 0; at <= bytes.length; at++) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, at));
        controller.enqueue(bytes.subarray(at));
        controller.close();
      },
    });
    const found: string[] = [];
    for await (const data of parseEventStream(body)) found.push(data);

    expect(found, `cut at ${at}`).toEqual(["a 中", "b\nc"]);
  }
});
