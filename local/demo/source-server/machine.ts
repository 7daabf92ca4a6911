import type { SourceServer } from "../source-server.ts";

/** The network card and address the server is configured for (files/etc). */
export const sourceServerNetwork = {
  macAddress: "52:54:00:5e:ed:01",
  address: "192.168.50.10/24",
} as const;

/**
 * QEMU arguments for the hardware the source server was installed on: an AHCI disk, a second disk
 * behind a SCSI adapter, and an e1000 card on a network that leads nowhere.
 *
 * The second disk is not on AHCI: two disks there change names between starts, because the kernel
 * probes them at the same time (seen in one start of two). The SCSI adapter's driver is not in the
 * initramfs, so its disk is always the later one: `sdb`.
 *
 * @param keepChanges false lets QEMU throw away what the running server writes.
 */
export function sourceServerHardware(
  disks: Pick<SourceServer, "systemDisk" | "dataDisk">,
  keepChanges: boolean,
): string[] {
  const snapshot = keepChanges ? "off" : "on";
  const drive = (id: string, path: string) => [
    "-drive",
    `id=${id},if=none,format=raw,snapshot=${snapshot},file=${path.replaceAll(",", ",,")}`,
  ];
  const dataDisk =
    disks.dataDisk === undefined
      ? []
      : [...drive("data", disks.dataDisk), "-device", "lsi53c895a,id=scsi"].concat(
          "-device",
          "scsi-hd,bus=scsi.0,drive=data",
        );
  return [
    ...["-machine", "q35", "-nodefaults"],
    ...drive("system", disks.systemDisk),
    ...["-device", "ide-hd,bus=ide.0,drive=system,bootindex=0"],
    ...dataDisk,
    ...["-netdev", "user,id=network,restrict=on"],
    ...["-device", `e1000,netdev=network,mac=${sourceServerNetwork.macAddress}`],
  ];
}
