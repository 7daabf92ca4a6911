import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type FakeKingsoft, startFakeKingsoft } from "#test/clouds/kingsoft/fake-kingsoft.ts";
import { type KingsoftClient, openClient } from "./client.ts";
import { kingsoftConfig } from "./config.ts";

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function startFake(): Promise<FakeKingsoft> {
  const fake = await startFakeKingsoft();
  closing.push(() => fake.close());
  return fake;
}

function clientOf(fake: FakeKingsoft, keys = fake.keys): KingsoftClient {
  return openClient(kingsoftConfig.parse(fake.target.config), keys);
}

/** A client whose EBS is whatever answers there. */
async function clientAt(listener: RequestListener): Promise<KingsoftClient> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  const fake = await startFake();
  const ebs = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = kingsoftConfig.parse({ ...fake.target.config, endpoints: { ebs } });
  return openClient(config, fake.keys);
}

test("lists are numbered on the wire and absent values left out, whatever characters they hold", async () => {
  const fake = await startFake();
  const odd = "a!b'(c)*~ +/=&%中";

  const { VolumeId } = await clientOf(fake).call<{ VolumeId: string }>("ebs", "CreateVolume", {
    AvailabilityZone: fake.account.zone,
    ChargeType: "Daily",
    VolumeName: undefined,
    Tag: [
      { Key: "first", Value: odd },
      { Key: "second", Value: "plain" },
    ],
  });

  expect([...(fake.account.volumes.get(VolumeId)?.tags ?? [])]).toEqual([
    ["first", odd],
    ["second", "plain"],
  ]);
});

test("a wrong secret is refused by the platform's own code", async () => {
  const fake = await startFake();
  const client = clientOf(fake, { ...fake.keys, secretKey: "another" });

  await expect(client.call("kec", "DescribeRegions")).rejects.toMatchObject({
    ...{ name: "KingsoftRefusal", code: "SignatureDoesNotMatch", status: 403 },
  });
});

test("an order that is refused for one instance is a refusal, though its answer has status 200", async () => {
  const fake = await startFake();
  const client = clientOf(fake);
  const { SecurityGroup } = await client.call<{ SecurityGroup: { SecurityGroupId: string } }>(
    "vpc",
    "CreateSecurityGroup",
    { VpcId: fake.account.vpcId, SecurityGroupName: "group" },
  );
  const { InstancesSet } = await client.call<{ InstancesSet: { InstanceId: string }[] }>(
    "kec",
    "RunInstances",
    {
      ImageId: "11111111-0000-4000-8000-000000000003",
      InstanceType: "S6.4B",
      ...{ MinCount: 1, MaxCount: 1, ChargeType: "Daily", SubnetId: fake.account.subnetId },
      SecurityGroupId: [SecurityGroup.SecurityGroupId],
      SystemDisk: { DiskType: "SSD3.0", DiskSize: 40 },
      InstancePassword: "Password1",
    },
  );
  fake.account.keepsUnmade = true;
  const ids = InstancesSet.map(({ InstanceId }) => InstanceId);

  const refused = client.call("kec", "TerminateInstances", { InstanceId: ids, ForceDelete: true });

  await expect(refused).rejects.toMatchObject({
    ...{ code: "Return", status: 200, message: "The instance is being made" },
  });
});

test("the older way to tell an error is read too", async () => {
  const client = await clientAt((_, response) => {
    response.writeHead(400).end('{"code":1001,"codeDesc":"VolumeNotFound","message":"not exist"}');
  });

  await expect(client.call("ebs", "DescribeVolumes")).rejects.toMatchObject({
    ...{ code: "VolumeNotFound", message: "not exist", status: 400 },
  });
});

test("an answer that is no JSON, as from something between, is named by its status", async () => {
  const client = await clientAt((_, response) => {
    response.writeHead(502).end("<html>bad gateway</html>");
  });

  await expect(client.call("ebs", "DescribeVolumes")).rejects.toMatchObject({ status: 502 });
});

test("a connection that breaks is no answer, and the error holds nothing of the request", async () => {
  const server = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  const fake = await startFake();
  const kec = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = kingsoftConfig.parse({ ...fake.target.config, endpoints: { kec } });

  const error = await openClient(config, fake.keys)
    .call("kec", "RunInstances", { UserData: "b25lLXRpbWUtY29kZQ==" })
    .catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ name: "NoAnswer" });
  expect(`${JSON.stringify(error)} ${error}`).not.toContain("b25lLXRpbWUtY29kZQ");
});

test("a target's proxy carries the calls, which ask it for a tunnel to the platform by https", async () => {
  const tunnels: string[] = [];
  const proxy = createServer().listen(0, "127.0.0.1");
  proxy.on("connect", (request, socket) => {
    tunnels.push(request.url ?? "");
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  closing.push(() => proxy.close());
  await once(proxy, "listening");
  const config = kingsoftConfig.parse({
    region: "cn-beijing-6",
    subnetId: "9fd83a5e-33cf-4196-b8df-59fc57478488",
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  });
  const client = openClient(config, { accessKey: "AKLTxxxxxxxx", secretKey: "secret" });

  await expect(client.call("kec", "DescribeRegions")).rejects.toMatchObject({ name: "NoAnswer" });

  expect(tunnels).toEqual(["kec.api.ksyun.com:443"]);
});
