import { afterEach, expect, test } from "vitest";
import { type FakeKingsoft, startFakeKingsoft } from "../clouds/kingsoft/fake-kingsoft.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";
import { sha256 } from "./site.ts";

let site: CloudSite<FakeKingsoft>;

afterEach(() => site.close());

test("a launch that fails on Kingsoft Cloud leaves the replica as it was, and the next one needs no new copy (R-198)", async () => {
  site = await openCloudSite((machines) => startFakeKingsoft({ machines }));
  const { operator, serverId, targetId, cloud, machines } = site;
  const launch = { kind: "test", repair: false };
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
  const before = cloud.inventory();
  const [{ volumeId = "", diskBytes = 0 } = {}] = (await operator.server(serverId)).volumes;
  const replica = () => sha256(machines.pathOf(volumeId), diskBytes);
  const synced = await replica();

  cloud.account.unpaid.add("RunInstances");
  const failed = await operator.ended(await operator.start(serverId, "launch", launch));
  cloud.account.unpaid.clear();

  expect(failed).toMatchObject({ state: "failed", error: { code: "cloud.payment" } });
  expect(cloud.inventory()).toEqual(before);
  expect([await replica(), await sha256(site.systemDisk)]).toEqual([synced, synced]);
  await operator.succeeded(await operator.start(serverId, "launch", launch));
  expect((await operator.server(serverId)).state).toBe("testing");
  await operator.succeeded(await operator.start(serverId, "revert"));
  await operator.succeeded(await operator.start(serverId, "clean-up"));
  expect(Object.values(cloud.inventory())).toEqual([0, 0, 0, 0, 0, 0]);
}, 300_000);
