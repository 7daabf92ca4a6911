import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type FakeAliyun, startFakeAliyun } from "#test/clouds/aliyun/fake-aliyun.ts";
import { openClient } from "./client.ts";
import { type AliyunConfig, aliyunConfig } from "./config.ts";

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function startFake(): Promise<FakeAliyun> {
  const fake = await startFakeAliyun();
  closing.push(() => fake.close());
  return fake;
}

function configOf(fake: FakeAliyun, more: Record<string, unknown> = {}): AliyunConfig {
  return aliyunConfig.parse({ ...fake.target.config, ...more });
}

test("lists are numbered on the wire and absent values left out, whatever characters they hold", async () => {
  const fake = await startFake();
  const client = openClient(configOf(fake), fake.keys);
  const odd = "a!b'(c)*~ +/=&%中";

  const { SecurityGroupId: id } = await client.call<{ SecurityGroupId: string }>(
    "ecs",
    "CreateSecurityGroup",
    {
      VpcId: fake.account.vpcId,
      SecurityGroupName: undefined,
      Tag: [
        { Key: "first", Value: odd },
        { Key: "second", Value: "plain" },
      ],
    },
  );

  expect([...(fake.account.groups.get(id)?.tags ?? [])]).toEqual([
    ["first", odd],
    ["second", "plain"],
  ]);
});

test("user data of the platform's most arrives in the address, 32 KiB of it", async () => {
  const fake = await startFake();
  const client = openClient(configOf(fake), fake.keys);
  const group = await client.call<{ SecurityGroupId: string }>("ecs", "CreateSecurityGroup", {
    VpcId: fake.account.vpcId,
  });
  const userData = Buffer.alloc(32 * 1024, 0xfb)
    .toString("latin1")
    .replaceAll("û", "?");

  const run = await client.call<{ InstanceIdSets: { InstanceIdSet: string[] } }>(
    "ecs",
    "RunInstances",
    {
      ImageId: "debian_12_8_x64_20G_alibase_20241118.vhd",
      InstanceType: "ecs.c5.xlarge",
      VSwitchId: fake.account.vSwitchId,
      SecurityGroupId: group.SecurityGroupId,
      SystemDisk: { Category: "cloud_essd", Size: "40" },
      UserData: Buffer.from(userData).toString("base64"),
    },
  );

  const [id = ""] = run.InstanceIdSets.InstanceIdSet;
  expect(fake.account.instances.get(id)?.userData).toBe(userData);
});

test("a wrong secret is refused by the platform's own code", async () => {
  const fake = await startFake();
  const client = openClient(configOf(fake), { ...fake.keys, accessKeySecret: "another" });

  await expect(client.call("sts", "GetCallerIdentity", {})).rejects.toMatchObject({
    name: "AliyunRefusal",
    code: "SignatureDoesNotMatch",
    status: 400,
  });
});

test("a connection that breaks is no answer, and the error holds nothing of the request", async () => {
  const server = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  const fake = await startFake();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = openClient(configOf(fake, { endpoints: { ecs: url } }), fake.keys);

  const error = await client
    .call("ecs", "RunInstances", {
      InstanceType: "ecs.c5.xlarge",
      UserData: "b25lLXRpbWUtY29kZQ==",
    })
    .catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ name: "NoAnswer" });
  expect(`${JSON.stringify(error)} ${error}`).not.toContain("b25lLXRpbWUtY29kZQ");
});

test("an answer that is no JSON, as from something between, is named by its status", async () => {
  const server = createServer((_, response) => {
    response.writeHead(502).end("<html>bad gateway</html>");
  }).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  const fake = await startFake();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = openClient(configOf(fake, { endpoints: { sts: url } }), fake.keys);

  await expect(client.call("sts", "GetCallerIdentity", {})).rejects.toMatchObject({ status: 502 });
});

test("a target's proxy carries the calls, which ask it for a tunnel to the platform", async () => {
  const tunnels: string[] = [];
  const proxy = createServer().listen(0, "127.0.0.1");
  proxy.on("connect", (request, socket) => {
    tunnels.push(request.url ?? "");
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  closing.push(() => proxy.close());
  await once(proxy, "listening");
  const config = aliyunConfig.parse({
    region: "cn-hangzhou",
    vSwitchId: "vsw-bp1s5fnvk4gn2tws03624",
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  });
  const client = openClient(config, { accessKeyId: "LTAI5tFake", accessKeySecret: "secret" });

  await expect(client.call("ecs", "DescribeDisks", {})).rejects.toMatchObject({ name: "NoAnswer" });

  expect(tunnels).toEqual(["ecs.cn-hangzhou.aliyuncs.com:443"]);
});

test("temporary credentials bring their token, which is signed with the rest", async () => {
  const seen: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    response.end("{}");
  }).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fake = await startFake();
  const secrets = { ...fake.keys, securityToken: "token-of-the-role" };

  await openClient(configOf(fake, { endpoints: { sts: url } }), secrets).call(
    "sts",
    "GetCallerIdentity",
    {},
  );

  expect(seen[0]).toMatchObject({ "x-acs-security-token": "token-of-the-role" });
  expect(seen[0]?.authorization).toContain("x-acs-security-token");
});
