/** The whole way of one server into a cloud, the same for all of them. */
import { expect } from "vitest";
import type { Inventory } from "../clouds/fake-cloud.ts";
import type { CloudSite } from "./cloud-site.ts";
import { changeDisks, type RunSeen, sha256 } from "./site.ts";

async function expectExactCopies({ operator, serverId, machines, ...site }: CloudSite) {
  const { volumes } = await operator.server(serverId);
  for (const [index, { volumeId = "", diskBytes }] of volumes.entries()) {
    const disk = index === 0 ? site.systemDisk : site.dataDisk;
    expect(await sha256(machines.pathOf(volumeId), diskBytes)).toBe(await sha256(disk));
  }
}

/** By the guest's own word: on its console, or where a cloud shows none, on its network. */
async function expectBooted({ provider, standalone, serverId }: CloudSite, { console }: RunSeen) {
  if ((await provider.capabilities()).hasConsole) {
    expect(console).toContain("tiny login:");
    return;
  }
  const { launches } = await standalone.deps.store.servers.get(serverId);
  expect(launches.map(({ evidence }) => evidence)).toEqual([
    expect.stringContaining("its address answers: SSH-2.0-"),
  ]);
}

/**
 * Migrates, syncs changes, rehearses, cuts over and cleans up; replicas are compared byte by byte on
 * the way, and the launched server must have booted from its disk.
 * @param left what the account still holds at the end
 */
export async function migrateAndCutOver(site: CloudSite, left: Inventory): Promise<void> {
  const { operator, serverId, targetId, cloud } = site;
  const state = async () => (await operator.server(serverId)).state;

  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
  await expectExactCopies(site);
  await changeDisks(site);
  await operator.succeeded(await operator.start(serverId, "sync"));
  await expectExactCopies(site);
  const rehearsal = await operator.start(serverId, "launch", { kind: "test", repair: false });
  await expectBooted(site, await operator.succeeded(rehearsal));
  expect(await state()).toBe("testing");
  await operator.succeeded(await operator.start(serverId, "accept"));
  await changeDisks(site);
  await operator.succeeded(
    await operator.start(serverId, "launch", { kind: "cutover", repair: false }),
  );
  await expectExactCopies(site);
  await operator.succeeded(await operator.start(serverId, "clean-up"));

  expect(await state()).toBe("finalized");
  expect(cloud.inventory()).toEqual(left);
}
