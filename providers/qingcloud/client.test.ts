import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { type FakeQingcloud, startFakeQingcloud } from "#test/clouds/qingcloud/fake-qingcloud.ts";
import { openClient } from "./client.ts";
import { type QingcloudConfig, qingcloudConfig } from "./config.ts";

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function startFake(): Promise<FakeQingcloud> {
  const fake = await startFakeQingcloud();
  closing.push(() => fake.close());
  return fake;
}

function configOf(fake: FakeQingcloud, more: Record<string, unknown> = {}): QingcloudConfig {
  return qingcloudConfig.parse({ ...fake.target.config, ...more });
}

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("lists are numbered on the wire and absent values left out, whatever characters they hold", async () => {
  const fake = await startFake();
  const client = openClient(configOf(fake), fake.keys);
  const odd = "a!b'(c)*~ +/=&%中";

  const made = await client.call<{ security_group_id: string }>("CreateSecurityGroup", {
    security_group_name: odd,
  });
  await client.call("AddSecurityGroupRules", {
    security_group: made.security_group_id,
    rules: [22, 3260].map((port) => ({
      ...{ protocol: "tcp", priority: 1, action: "accept", direction: 0 },
      ...{ val1: port, val2: port, val3: "10.0.0.0/8", security_group_rule_name: undefined },
    })),
  });

  const group = fake.account.groups.get(made.security_group_id);
  expect(group?.name).toBe(odd);
  expect([...(group?.rules.values() ?? [])]).toEqual([
    "tcp 22 22 10.0.0.0/8",
    "tcp 3260 3260 10.0.0.0/8",
  ]);
});

test("no parameter stands in an address, where proxies and logs would keep a password", async () => {
  const seen: { url: string; body: string }[] = [];
  const server = createServer(async (request, response) => {
    seen.push({ url: request.url ?? "", body: await text(request) });
    response.end('{"ret_code":0}');
  });
  const endpoint = `${await listening(server)}/iaas/`;
  const config = configOf(await startFake(), { endpoint });

  await openClient(config, { accessKeyId: "QYKEY", secretAccessKey: "secret" }).call(
    "RunInstances",
    { login_passwd: "Qing20130712" },
  );

  expect(seen[0]?.url).toBe("/iaas/");
  expect(seen[0]?.body).toContain("login_passwd=Qing20130712");
  expect(seen[0]?.body).not.toContain("secret");
});

test("a wrong secret is refused by the platform's own code, with status 200", async () => {
  const fake = await startFake();
  const client = openClient(configOf(fake), { ...fake.keys, secretAccessKey: "another" });

  await expect(client.call("DescribeZones", {})).rejects.toMatchObject({
    name: "QingcloudRefusal",
    code: 1200,
    status: 200,
  });
});

test("a connection that breaks is no answer, and the error holds nothing of the request", async () => {
  const server = createTcpServer((socket) => socket.destroy());
  const endpoint = `${await listening(server)}/iaas/`;
  const fake = await startFake();
  const client = openClient(configOf(fake, { endpoint }), fake.keys);

  const error = await client
    .call("RunInstances", { userdata_value: "b25lLXRpbWUtY29kZQ" })
    .catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ name: "NoAnswer" });
  expect(`${JSON.stringify(error)} ${error}`).not.toContain("b25lLXRpbWUtY29kZQ");
});

test("an answer that is no JSON, as from something between, is named by its status", async () => {
  const server = createServer((_, response) => {
    response.writeHead(502).end("<html>bad gateway</html>");
  });
  const endpoint = `${await listening(server)}/iaas/`;
  const fake = await startFake();
  const client = openClient(configOf(fake, { endpoint }), fake.keys);

  await expect(client.call("DescribeZones", {})).rejects.toMatchObject({ status: 502 });
});

test("a target's proxy carries the calls, which ask it for a tunnel to the platform", async () => {
  const tunnels: string[] = [];
  const proxy = createServer();
  proxy.on("connect", (request, socket) => {
    tunnels.push(request.url ?? "");
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  const url = await listening(proxy);
  const config = qingcloudConfig.parse({ zone: "pek3a", vxnetId: "vxnet-0", proxy: url });
  const client = openClient(config, { accessKeyId: "QYKEY", secretAccessKey: "secret" });

  await expect(client.call("DescribeZones", {})).rejects.toMatchObject({ name: "NoAnswer" });

  expect(tunnels).toEqual(["api.qingcloud.com:443"]);
});
