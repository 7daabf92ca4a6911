import { expect, test } from "vitest";
import type { BlockDevice } from "../../block-devices.ts";
import { readMdArrays } from "./md-arrays.ts";

function device(name: string, change: Partial<BlockDevice> = {}): BlockDevice {
  return {
    ...{ name, kname: name, path: `/dev/${name}`, device: "7:99", type: "disk" },
    ...{ sizeBytes: 1024 ** 2, logicalSectorBytes: 512, removable: false, usb: false },
    ...{ hctl: undefined, serial: undefined, wwn: undefined, dmUuid: undefined, nvmePaths: 0 },
    ...{ partitionNumber: undefined, startBytes: undefined, mountedType: undefined },
    ...{ mountPoints: [], udev: new Map(), children: [] },
    ...change,
  };
}

test("an array that was put together in part and does not run is no array, and that is said", async () => {
  const half = device("md1", { type: "md", sizeBytes: 0 });
  const udev = new Map([["ID_FS_TYPE", "linux_raid_member"]]);
  const disks = [device("sdb", { udev, children: [half] }), device("sdc", { udev })];

  const { mdArrays, notSeen } = await readMdArrays(disks, ["sdb", "sdc"]);

  expect(mdArrays).toEqual([]);
  expect(notSeen).toEqual([
    "the array that sdb is part of: it is not running",
    "the array that sdc is part of: it is not running",
  ]);
});
