import { describe, expect, it } from "vitest";
import { parseLsblk } from "./lsblk.ts";

/** From a Debian 12 server (util-linux 2.38) with no udev database; columns left out are null there. */
const debian12 = `{
   "blockdevices": [
      {
         "name": "zram0", "kname": "zram0", "path": "/dev/zram0", "type": "disk", "size": 0,
         "log-sec": 4096, "rm": false, "tran": null, "hctl": null, "serial": null, "wwn": null,
         "pttype": null, "parttype": null, "fstype": null, "uuid": null, "label": null, "mountpoint": null
      },{
         "name": "vda", "kname": "vda", "path": "/dev/vda", "type": "disk", "size": 274877906944,
         "log-sec": 512, "rm": false, "tran": null, "hctl": null, "serial": null, "wwn": null,
         "pttype": null, "parttype": null, "fstype": null, "uuid": null, "label": null, "mountpoint": "/"
      }
   ]
}`;

/** How util-linux before 2.33 writes the same kinds of values: all of them quoted. */
const quoted = `{"blockdevices": [
  {"name": "sda", "kname": "sda", "type": "disk", "size": "21474836480", "log-sec": "512", "rm": "0",
   "children": [
     {"name": "sda1", "kname": "sda1", "type": "part", "size": "1073741824", "log-sec": "512", "rm": "0",
      "mountpoint": "/boot"}
   ]}
]}`;

describe("lsblk's output", () => {
  it("is read with its sizes and mount points", () => {
    expect(parseLsblk(debian12)).toMatchObject([
      { kname: "zram0", size: 0 },
      {
        kname: "vda",
        path: "/dev/vda",
        size: 274877906944,
        logicalSectorBytes: 512,
        mountpoint: "/",
      },
    ]);
  });

  it("is read from older versions, which quote numbers and know fewer columns", () => {
    expect(parseLsblk(quoted)).toMatchObject([
      {
        path: "/dev/sda",
        size: 21474836480,
        removable: false,
        wwn: null,
        children: [{ kname: "sda1", mountpoint: "/boot" }],
      },
    ]);
  });
});
