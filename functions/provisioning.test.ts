/** The gateway as the steps make it, on an EC2 that speaks AWS's protocol. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeAws, startFakeAws } from "#test/clouds/aws/fake-aws.ts";
import { openTestConsole, type TestConsole } from "#test/fixtures/console.ts";
import { ensureSecurityGroup } from "./steps/ensure-security-group/index.ts";
import { provisionGateway } from "./steps/provision-gateway/index.ts";

let console: TestConsole;
let aws: FakeAws;

beforeEach(async () => {
  console = await openTestConsole();
  aws = await startFakeAws();
});
afterEach(async () => {
  await aws.close();
  await console.close();
});

async function addTarget(
  gateway: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
) {
  const { account, url, keys } = aws;
  const { region, subnetId } = account;
  return console.call("POST", "/v1/targets", {
    token: await console.personOf("administrator"),
    body: {
      ...{ name: "cloud", platform: "aws", credentials: keys, ...more },
      config: { region, subnetId, endpoints: { ec2: url, sts: url }, gateway },
    },
  });
}

async function codeIds(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of console.deps.store.codes.all()) ids.push(id);
  return ids;
}

/** Runs the steps, twice each as they may be, and gives what EC2 has then. */
async function makeGateway(targetId: string) {
  const { deps } = console;
  const gatewayId = "gw-1";
  await deps.store.gateways.create({
    ...{ id: gatewayId, targetId, state: "planned", maxSlots: 20, spareSlots: 4, slots: {} },
    ...{ awaitedBy: [], repairCarriers: [] },
  });
  for (let times = 0; times < 2; times += 1) {
    await ensureSecurityGroup({ runId: "run-1", input: { gatewayId } }, deps);
    await provisionGateway({ runId: "run-1", gatewayId }, deps);
  }
  const [instance] = aws.account.instances.values();
  const [group] = aws.account.groups.values();
  const [root] = aws.account.volumes.values();
  const [address] = aws.account.addresses.values();
  return { instance, group, root, address, record: await deps.store.gateways.get(gatewayId) };
}

test("a gateway on AWS is a t3.xlarge named HyperGate with 100 GiB of gp2, in the subnet's VPC, reached at an address that is kept (R-001, R-013, R-014, R-039, R-042 to R-044, X-05)", async () => {
  const { body } = await addTarget();

  const { instance, group, root, address, record } = await makeGateway(body.id);

  expect(aws.account.instances.size).toBe(1);
  expect(instance).toMatchObject({
    ...{ type: "t3.xlarge", subnetId: aws.account.subnetId, groupIds: [group?.id] },
  });
  expect(instance?.tags.get("Name")).toBe("HyperGate");
  expect(group).toMatchObject({ vpcId: aws.account.vpcId });
  expect(root).toMatchObject({ sizeGiB: 100, type: "gp2" });
  expect(record).toMatchObject({ instanceId: instance?.id, host: address?.publicIp });
});

test("it listens for the console at 18090 and for agents at 12222 of that address (S-20, S-21)", async () => {
  const { body } = await addTarget();

  const { instance, record, address } = await makeGateway(body.id);

  const config = /^\{"gatewayId".*$/m.exec(instance?.userData ?? "")?.[0] ?? "{}";
  expect(JSON.parse(config)).toMatchObject({ ports: { control: 18090, blocks: 12222 } });
  expect(record.host).toBe(address?.publicIp);
});

test("its security group opens TCP 12222, 18090, 3260 and 22, and nothing else (R-010, R-045, X-20)", async () => {
  const { body } = await addTarget();

  const { group } = await makeGateway(body.id);

  expect([...(group?.rules ?? [])].sort()).toEqual([
    "tcp 12222-12222 0.0.0.0/0",
    "tcp 18090-18090 0.0.0.0/0",
    "tcp 22-22 0.0.0.0/0",
    "tcp 3260-3260 0.0.0.0/0",
  ]);
});

test("its image is the newest of the first family AWS has, or the one whose id is given (R-038, R-162, X-12)", async () => {
  const { body } = await addTarget();
  const { instance } = await makeGateway(body.id);
  const [, newest] = [...aws.account.images.values()].filter(({ name }) => /debian/.test(name));

  expect(newest?.name).toBe("debian-12-amd64-20261001-2");
  expect(instance?.imageId).toBe(newest?.id);
  const ubuntu = [...aws.account.images.values()].find(({ name }) => /ubuntu/.test(name));
  expect(await addTarget({ image: ubuntu?.id }, { name: "by-id" })).toMatchObject({ status: 201 });
  expect(await addTarget({ image: "rocky-9" }, { name: "rocky" })).toMatchObject({
    body: { error: { code: "gateway.no-image" } },
  });
});

test("CentOS 7 is refused when the target is added, and Debian 12 is named instead (X-12)", async () => {
  const [debian] = aws.account.images.values();
  if (debian === undefined) throw new Error("the fake has no images");
  const id = "ami-0ce70ce70ce70ce70";
  aws.account.images.set(id, { ...debian, id, name: "CentOS-7-2111-20220825_1.x86_64" });

  const { body } = await addTarget({ image: id });

  expect(body.error).toMatchObject({ code: "gateway.image-refused" });
  expect(body.error.hint).toContain("Debian 12");
});

test.each([
  ["t3.medium", 201, undefined],
  ["t3.small", 422, "gateway.too-small"],
])(
  "a gateway of the type %s is answered with %i, be it set for the target or for AWS (R-040, R-041, X-05)",
  async (instanceType, status, code) => {
    const answers = [
      await addTarget({ instanceType }, { name: "by-config" }),
      await addTarget({}, { gatewayInstanceType: instanceType, name: "by-target" }),
    ];

    for (const answer of answers) {
      expect(answer.status).toBe(status);
      expect(answer.body.error?.code).toBe(code);
    }
    expect(aws.account.instances.size).toBe(0);
  },
);

test.each([
  [40, 201],
  [39, 400],
])(
  "a gateway's system disk of %i GiB on AWS is answered with %i (R-012, R-043)",
  async (diskGiB, status) => {
    const answer = await addTarget({ diskGiB });

    expect(answer.status).toBe(status);
    if (status === 400)
      expect(answer.body.error.message).toContain("at least 40 GiB, 100 are recommended");
  },
);

test("a step whose answer was lost orders the same gateway again, with the same code in it", async () => {
  const { body } = await addTarget();
  const first = await makeGateway(body.id);
  const before = await codeIds();

  // As if it had died between EC2's answer and its record.
  await console.deps.store.gateways.update("gw-1", ({ instanceId: _, ...found }) => found);
  await provisionGateway({ runId: "run-1", gatewayId: "gw-1" }, console.deps);

  const record = await console.deps.store.gateways.get("gw-1");
  expect(record.instanceId).toBe(first.instance?.id);
  expect(aws.account.instances.size).toBe(1);
  expect(before).toHaveLength(1);
  expect(await codeIds()).toEqual(before);
});
