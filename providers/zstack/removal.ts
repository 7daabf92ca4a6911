/** Taking VMs away: destroyed, they keep their disks for a week; expunged, they are gone. */
import { type Account, listOurs } from "./account.ts";
import { findVm, type ZstackVm } from "./instances.ts";
import { readMarks } from "./tags.ts";
import { detach, getZstackVolume, removeVolume, type ZstackVolume } from "./volumes.ts";

/**
 * Carries on as far as it gets; what is left is done when it is called again. The VM itself goes last, so that
 * somebody who crashed before finds the rest by it.
 */
export async function removeVm(account: Account, vm: ZstackVm): Promise<void> {
  const { client } = account;
  const path = { vm: vm.uuid };
  const marks = readMarks(vm.description);
  if (vm.state === "Destroying" || vm.state === "Expunging") return;
  if (vm.state !== "Destroyed") {
    if (marks?.role !== "server") await freeVolumes(account, vm);
    const isDestroyed = await client.order("DestroyVmInstance", { path });
    if (!isDestroyed) return;
  }
  if (marks?.role === "server") {
    const ours = await listOurs<ZstackVolume>(account, "QueryVolume", marks.owner);
    for (const { thing, marks: theirs } of ours) {
      const isFree = thing.type === "Data" && !thing.vmInstanceUuid;
      if (theirs.launch === marks.token && isFree) await removeVolume(account, thing);
    }
  }
  // The deletion policy may have done that already.
  if ((await findVm(account, vm.uuid)) !== undefined) {
    await client.order("ExpungeVmInstance", { path });
  }
}

/**
 * A gateway's replicas stay, whatever the global setting `deleteDataVolumeOnVmDestroy` says (source: zstack 5.2.1,
 * VmDeleteVolumeFlow.java). Off a VM that stands they come without its guest's help.
 */
async function freeVolumes(account: Account, vm: ZstackVm): Promise<void> {
  const replicas = vm.allVolumes.filter(({ type }) => type === "Data");
  if (replicas.length === 0) return;
  if (vm.state !== "Stopped") {
    await account.client.order("StopVmInstance", {
      path: { vm: vm.uuid },
      params: { type: "cold" },
    });
  }
  for (const { uuid } of replicas) await detach(account, await getZstackVolume(account, uuid));
}
