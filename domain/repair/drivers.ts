/** Which kernel modules a server needs to find its disks and its network on each kind of hardware. */
import type { TargetHardware } from "../protocol/gateway.ts";

/** Disks: all of a row must be in the initramfs. Names as in Debian's kernels. */
export const storageDrivers: Record<TargetHardware["storage"], readonly string[]> = {
  "virtio-blk": ["virtio_pci", "virtio_blk"],
  "virtio-scsi": ["virtio_pci", "virtio_scsi", "sd_mod"],
  nvme: ["nvme"],
  ahci: ["ahci", "sd_mod"],
  xen: ["xen_blkfront"],
  hyperv: ["hv_vmbus", "hv_storvsc", "sd_mod"],
  vmware: ["vmw_pvscsi", "sd_mod"],
};

/** Network: loaded from the root file system, so being installed is enough. */
export const networkDrivers: Record<TargetHardware["network"], readonly string[]> = {
  "virtio-net": ["virtio_pci", "virtio_net"],
  e1000: ["e1000"],
  ena: ["ena"],
  xen: ["xen_netfront"],
  hyperv: ["hv_vmbus", "hv_netvsc"],
  vmxnet3: ["vmxnet3"],
};

/**
 * What is put into every initramfs, as far as its kernel has it: the disks of every target, so that a
 * server that moves on later still boots. Measured: 0.5 MB more.
 */
export const carriedDrivers: readonly string[] = unique([
  ...Object.values(storageDrivers).flat(),
  ...["ata_piix", "mptspi", "mptsas"],
]);

/** All that an inspection asks for. */
export const interestingDrivers: readonly string[] = unique([
  ...carriedDrivers,
  ...Object.values(networkDrivers).flat(),
]);

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
