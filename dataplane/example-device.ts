/** A block device for tests: `sda` of 1 KiB that is nobody's, changed as a test needs it. */
import type { BlockDevice } from "./block-devices.ts";

export function exampleDevice(kname: string, facts: Partial<BlockDevice> = {}): BlockDevice {
  return {
    name: kname,
    kname,
    path: `/dev/${kname}`,
    device: "8:0",
    type: "disk",
    sizeBytes: 1024,
    logicalSectorBytes: 512,
    removable: false,
    usb: false,
    hctl: undefined,
    serial: undefined,
    wwn: undefined,
    partitionNumber: undefined,
    startBytes: undefined,
    dmUuid: undefined,
    nvmePaths: 0,
    mountPoints: [],
    mountedType: undefined,
    udev: new Map(),
    children: [],
    ...facts,
  };
}
