import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { type FakeUCloud, startFakeUCloud } from "#test/clouds/ucloud/fake-ucloud.ts";
import { listAll, openClient } from "./client.ts";
import { type UCloudConfig, type UCloudSecrets, ucloudConfig } from "./config.ts";

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function startFake(): Promise<FakeUCloud> {
  const fake = await startFakeUCloud();
  closing.push(() => fake.close());
  return fake;
}

const keysOf = (fake: FakeUCloud) => fake.target.credentials as unknown as UCloudSecrets;

function configOf(fake: FakeUCloud, more: Record<string, unknown> = {}): UCloudConfig {
  return ucloudConfig.parse({ ...fake.target.config, ...more });
}

/** Answers everything the same way. */
async function startServer(answer: string, seen: string[] = []): Promise<string> {
  const server = createServer(async (request, response) => {
    seen.push(await text(request));
    response.end(answer);
  }).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("lists are numbered from 0 on the wire and absent values left out, whatever characters they hold", async () => {
  const fake = await startFake();
  const client = openClient(configOf(fake), keysOf(fake));
  const odd = "TCP|22|0.0.0.0/0|ACCEPT|HIGH|a!b'(c)*~ +=&%中";

  const { FWId } = await client.call<{ FWId: string }>("CreateFirewall", {
    Name: "odd",
    Tag: undefined,
    Rule: [odd, "TCP|80|10.0.0.0/8|DROP|LOW|"],
  });

  expect(fake.project.firewalls.get(FWId)?.rules).toEqual([odd, "TCP|80|10.0.0.0/8|DROP|LOW|"]);
});

test("a list that is longer than a page is asked for until its end", async () => {
  const fake = await startFake();
  const client = openClient(configOf(fake), keysOf(fake));

  const images = await listAll<{ ImageSet: { ImageId: string }[] }, { ImageId: string }>(
    { client },
    "DescribeImage",
    {},
    ({ ImageSet }) => ImageSet,
  );

  expect(images.length).toBe(fake.project.images.size);
  expect(images.length).toBeGreaterThan(100);
  expect(fake.calls.made.length).toBe(2);
});

test("a list whose pages are shorter than asked for is read to its end, even if that moves", async () => {
  const fake = await startFake();
  const offsets: (string | null)[] = [];
  const server = createServer(async (request, response) => {
    const offset = new URLSearchParams(await text(request)).get("Offset");
    offsets.push(offset);
    // One of the five was deleted meanwhile.
    const EIPSet = [1, 2, 3, 4].slice(Number(offset), Number(offset) + 2);
    response.end(JSON.stringify({ RetCode: 0, TotalCount: 5, EIPSet }));
  }).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = openClient(configOf(fake, { endpoint }), keysOf(fake));

  const found = await listAll<{ EIPSet: number[] }, number>(
    { client },
    "DescribeEIP",
    {},
    ({ EIPSet }) => EIPSet,
  );

  expect(found).toEqual([1, 2, 3, 4]);
  expect(offsets).toEqual(["0", "2", "4"]);
});

test("a wrong key is refused by UCloud's own code", async () => {
  const fake = await startFake();
  const client = openClient(configOf(fake), { ...keysOf(fake), privateKey: "another" });

  await expect(client.call("GetRegion")).rejects.toMatchObject({
    ...{ name: "UCloudRefusal", action: "GetRegion", retCode: 171 },
  });
});

test("a connection that breaks is no answer, and the error holds nothing of the request", async () => {
  const server = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  const fake = await startFake();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = openClient(configOf(fake, { endpoint }), keysOf(fake));

  const error = await client
    .call("CreateUHostInstance", { UserData: "b25lLXRpbWUtY29kZQ==" })
    .catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ name: "NoAnswer" });
  expect(`${JSON.stringify(error)} ${error}`).not.toContain("b25lLXRpbWUtY29kZQ");
});

test("an answer that is no JSON, as from something between, is no answer", async () => {
  const fake = await startFake();
  const endpoint = await startServer("<html>bad gateway</html>");
  const client = openClient(configOf(fake, { endpoint }), keysOf(fake));

  await expect(client.call("GetRegion")).rejects.toMatchObject({
    ...{ name: "NoAnswer", message: expect.stringContaining("<html>bad gateway") },
  });
});

test("keys and user data are in the body and never in the address; temporary keys bring their token", async () => {
  const fake = await startFake();
  const seen: string[] = [];
  const endpoint = await startServer('{"RetCode":0}', seen);
  const secrets = { ...keysOf(fake), securityToken: "token-of-the-role" };

  await openClient(configOf(fake, { endpoint }), secrets).call("GetRegion");

  const form = new URLSearchParams(seen[0]);
  expect(form.get("SecurityToken")).toBe("token-of-the-role");
  expect(form.get("Signature")).toMatch(/^[0-9a-f]{40}$/);
  expect(form.get("ProjectId")).toBe(fake.project.projectId);
});

test("a target's proxy carries the calls, which ask it for a tunnel to UCloud", async () => {
  const tunnels: string[] = [];
  const proxy = createServer().listen(0, "127.0.0.1");
  proxy.on("connect", (request, socket) => {
    tunnels.push(request.url ?? "");
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  closing.push(() => proxy.close());
  await once(proxy, "listening");
  const fake = await startFake();
  const config = configOf(fake, {
    ...{ endpoint: undefined, proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` },
  });
  const client = openClient(config, keysOf(fake));

  await expect(client.call("GetRegion")).rejects.toMatchObject({ name: "NoAnswer" });

  expect(tunnels).toEqual(["api.ucloud.cn:443"]);
});
