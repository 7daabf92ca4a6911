import { afterEach, beforeEach, expect, test } from "vitest";
import type { Launched } from "#domain/records.ts";
import { hyperDoorOrdersFor, rescueKeyOf } from "#functions/hyperdoor.ts";
import { openTestConsole, place, registerAgent, type TestConsole } from "#test/fixtures/console.ts";

let console: TestConsole;
let serverId: string;

beforeEach(async () => {
  console = await openTestConsole();
  serverId = (await registerAgent(console, "web-1")).serverId;
  const token = await console.personOf("administrator");
  const config = { folder: `${console.folder}/target`, minFreeBytes: 0 };
  const body = { name: "here", platform: "local", config };
  const { id: targetId } = (await console.call("POST", "/v1/targets", { token, body })).body;
  await place(console, serverId, { targetId });
});
afterEach(() => console.close());

const runId = "run-1";
const copying: Launched = {
  ...{ kind: "test", runId, instanceType: "small", repaired: true, volumeIds: ["vol-1"] },
  ...{ instanceId: "ins-1", address: "192.0.2.7:2222", copy: { starts: 1 } },
};

async function ask(role: "viewer" | "operator" = "operator") {
  const token = await console.personOf(role);
  return console.call("POST", `/v1/servers/${serverId}/rescue`, { token });
}

test("whoever may launch is given the run's own key while HyperDoor copies, and that is told", async () => {
  await place(console, serverId, { bootStrategy: "hyperDoorCopy", launches: [copying] });

  const first = await ask();
  const second = await ask();

  expect(first).toMatchObject({ status: 200, body: { runId, instanceId: "ins-1", user: "root" } });
  expect(first.body.address).toBe("192.0.2.7:2222");
  expect(second.body).toEqual(first.body);
  const { privateKey, authorizedLine } = rescueKeyOf(console.deps, runId);
  expect(first.body.privateKey).toBe(privateKey);
  const sizes = { volumeBytes: 1, diskBytes: 1 };
  expect(hyperDoorOrdersFor(console.deps, runId, sizes).sshKeys).toEqual([authorizedLine]);
  const events = await console.deps.store.events.list(serverId, { limit: 100 });
  expect(events.filter(({ type }) => type === "hyperdoor.key-shown")).toMatchObject([
    { params: { instance: "ins-1", by: "some-operator" }, runId },
    { params: { instance: "ins-1", by: "some-operator" }, runId },
  ]);
});

test("the target's own key comes beside the run's, and another run has another", () => {
  const own = "ssh-ed25519 AAAA someone";
  const sizes = { volumeBytes: 1, diskBytes: 1, ownKey: own };

  const { sshKeys } = hyperDoorOrdersFor(console.deps, runId, sizes);
  const others = hyperDoorOrdersFor(console.deps, "run-2", sizes).sshKeys;

  expect(sshKeys[1]).toBe(own);
  expect(others[0]).not.toBe(sshKeys[0]);
});

test("a viewer is refused", async () => {
  await place(console, serverId, { bootStrategy: "hyperDoorCopy", launches: [copying] });

  expect(await ask("viewer")).toMatchObject({ status: 403 });
});

const at = "2026-01-01T00:00:00.000Z";
test.each<[string, string, readonly Launched[]]>([
  ["nothing is launched", "hyperDoorCopy", []],
  ["there is no instance yet", "hyperDoorCopy", [{ ...copying, instanceId: undefined }]],
  ["the launch goes another way", "imageFromSnapshot", [copying]],
  [
    "it has restarted into what it copied",
    "hyperDoorCopy",
    [{ ...copying, copy: { starts: 1, copiedAt: at, restartedAt: at } }],
  ],
])("there is no key when %s", async (_what, bootStrategy, launches) => {
  await place(console, serverId, { bootStrategy, launches: [...launches] });

  expect(await ask()).toMatchObject({
    status: 409,
    body: { error: { code: "hyperdoor.not-there", hint: expect.stringContaining("status") } },
  });
});
