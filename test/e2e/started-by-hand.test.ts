import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { arnOf } from "#local/machines.ts";
import { openRunningSite, type RunningSite, until } from "./site.ts";

let site: RunningSite;
let client: SFNClient;

beforeAll(async () => {
  site = await openRunningSite();
  client = new SFNClient({
    endpoint: site.standalone.engineUrl,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
});

afterAll(async () => {
  client.destroy();
  await site.close();
});

/** As a person does in the AWS console, or with the aws command. */
async function startByHand(
  kind: Parameters<typeof arnOf>[0],
  input: unknown,
): Promise<DescribeExecutionCommandOutput> {
  const { executionArn } = await client.send(
    new StartExecutionCommand({ stateMachineArn: arnOf(kind), input: JSON.stringify(input) }),
  );
  return until("the execution to end", async () => {
    const seen = await client.send(new DescribeExecutionCommand({ executionArn }));
    return seen.status === "RUNNING" ? undefined : seen;
  });
}

test("a machine started by hand with its small input migrates the server", async () => {
  const ended = await startByHand("migrate-server", {
    serverId: site.serverId,
    targetId: site.targetId,
  });

  expect(ended.status, ended.cause).toBe("SUCCEEDED");
  expect((await site.operator.server(site.serverId)).state).toBe("ready-for-test");
  expect((await site.operator.run(ended.name ?? "")).state).toBe("succeeded");
}, 120_000);

test.each([
  ["migrate-server", {}, /serverId.*targetId/],
  ["sync-server", { server: "srv-1" }, /serverId/],
  ["launch-server", { serverId: 7 }, /serverId.*kind/],
  ["clean-up", { serverId: "srv-1", scope: "everything" }, /scope/],
  ["provision-gateway", ["gw-1"], /object/],
  ["migrate-wave", { targetId: "tgt-1", servers: "all" }, /servers/],
] as const)(
  "%s started by hand with a wrong input says in plain words what is wrong",
  async (kind, input, named) => {
    const ended = await startByHand(kind, input);

    expect(ended.status).toBe("FAILED");
    expect(ended.error).toBe("run.bad-input");
    expect(ended.cause).toMatch(named);
    expect(ended.cause).toContain("Start it again with an input such as {");
  },
);

test("a machine started by hand for a server that nobody knows says so, and its run tells it too", async () => {
  const ended = await startByHand("sync-server", { serverId: "srv-nobody" });

  expect(ended.error).toBe("record.not-found");
  expect((await site.operator.run(ended.name ?? "")).error?.message).toContain("srv-nobody");
});
