/**
 * Volumes on a gateway that knows them only by having appeared: the local platform's real volumes, and a
 * gateway that does nothing but list its devices, with the daemon's own listing.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listDevices } from "#dataplane/gateway/device-list.ts";
import type { Gateway } from "#domain/records.ts";
import type { Provider } from "#providers/provider.ts";
import { openTestConsole, type TestConsole } from "#test/fixtures/console.ts";
import { type LocalTarget, openLocalTarget } from "#test/fixtures/local-target.ts";
import { hang } from "./attaching.ts";
import type { Deps } from "./deps.ts";
import type { GatewayClient } from "./gateway-client.ts";

let console: TestConsole;
let target: LocalTarget;
let deps: Deps;
let provider: Provider;
let gateway: Gateway & { instanceId: string };
let bootId: string;
let volumeId: string;
let calls: string[];

beforeEach(async () => {
  console = await openTestConsole();
  target = await openLocalTarget({ deviceMapping: "difference" });
  bootId = "boot-1";
  calls = [];
  const instanceId = await target.makeGateway("gw");
  volumeId = await target.makeVolume("first");
  const client: Partial<GatewayClient> = {
    listDevices: async () => listDevices({ bootId, volumeRoot: volumeRoot(), listBlockDevices }),
    async forgetVolume(id) {
      calls.push(`forget ${id}`);
    },
  };
  deps = {
    ...console.deps,
    gatewayClient: async () => client as GatewayClient,
    stepPatienceMs: 200,
  };
  provider = {
    ...target.provider,
    volumes: {
      ...target.provider.volumes,
      attachVolume: noted("attach", target.provider.volumes.attachVolume),
      detachVolume: noted("detach", target.provider.volumes.detachVolume),
    },
  };
  const record = await deps.store.gateways.create({
    ...{ id: "gw-1", targetId: "tgt-1", state: "ready", maxSlots: 20, spareSlots: 0, slots: {} },
    ...{ instanceId, awaitedBy: [], repairCarriers: [] },
  });
  gateway = { ...record, instanceId };
  for (const id of ["run-1", "run-2"]) {
    await deps.store.runs.create({ id, kind: "migrate-server", state: "running", input: {} });
  }
});

afterEach(async () => {
  await target.close();
  await console.close();
});

const volumeRoot = () => join(target.instanceFolder(gateway.instanceId), "volumes");
const listBlockDevices = async () => ({
  devices: [],
  problem: "not asked for where volumes are files",
});

function noted<A extends unknown[], T>(what: string, call: (...args: A) => Promise<T>) {
  return (...args: A) => {
    calls.push(what);
    return call(...args);
  };
}

const hangIt = (runId = "run-1", known?: Awaited<ReturnType<typeof hang>>, id = volumeId) =>
  hang(deps, { provider, gateway, runId, volumeId: id, known });

async function lockOf() {
  return (await deps.store.gateways.get(gateway.id)).attaching;
}

test("a volume that hangs there recognised stays as it is, however often it is asked for", async () => {
  const device = await hangIt();

  const again = await hangIt("run-1", device);

  expect(again).toEqual(device);
  expect(device).toMatchObject({ by: "difference", bootId: "boot-1", sizeBytes: 1024 ** 2 });
  expect(calls).toEqual(["attach"]);
  expect(await lockOf()).toBeUndefined();
});

test("a try that was killed after it attached is finished by the next, from what it saw before", async () => {
  const before = { bootId, devices: [] };
  const since = deps.now().toISOString();
  const attaching = { runId: "run-1", volumeId, since, before };
  await deps.store.gateways.update(gateway.id, (found) => ({ ...found, attaching }));
  await target.provider.volumes.attachVolume(volumeId, gateway.instanceId);

  expect(await hangIt()).toMatchObject({ by: "difference" });
  expect(calls).toEqual([]);
});

test("a volume that hangs there unrecognised is taken off and attached anew", async () => {
  await target.provider.volumes.attachVolume(volumeId, gateway.instanceId);

  expect(await hangIt()).toMatchObject({ by: "difference" });
  expect(calls).toEqual([`forget ${volumeId}`, "detach", "attach"]);
});

test("after a restart of the gateway a volume is attached anew: its old device means nothing (R-222)", async () => {
  const device = await hangIt();
  bootId = "boot-2";

  const anew = await hangIt("run-1", device);

  expect(anew).toMatchObject({ bootId: "boot-2" });
  expect(calls).toEqual(["attach", `forget ${volumeId}`, "detach", "attach"]);
});

test("while one run attaches another waits; one that has ended holds nobody up", async () => {
  const other = await target.makeVolume("second");
  const attaching = { runId: "run-2", volumeId: other, since: deps.now().toISOString() };
  await deps.store.gateways.update(gateway.id, (found) => ({ ...found, attaching }));

  await expect(hangIt()).rejects.toMatchObject({ code: "not-ready" });
  expect(calls).toEqual([]);
  await deps.store.runs.update("run-2", (run) => ({ ...run, state: "failed" }));

  expect(await hangIt()).toMatchObject({ by: "difference" });
});

test("whatever somebody else attaches at the same moment, nothing is guessed (R-216)", async () => {
  const attach = provider.volumes.attachVolume;
  provider = {
    ...provider,
    volumes: {
      ...provider.volumes,
      async attachVolume(...args) {
        await attach(...args);
        await writeFile(join(volumeRoot(), "stranger.raw"), Buffer.alloc(1024 ** 2));
      },
    },
  };

  await expect(hangIt()).rejects.toMatchObject({
    code: "volume.ambiguous",
    params: {
      volume: volumeId,
      problem: expect.stringMatching(/stranger\.raw .*appeared together|appeared together/),
    },
  });
});
