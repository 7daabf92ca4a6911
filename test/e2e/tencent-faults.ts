import type { Machines } from "../clouds/machines.ts";
import { startFakeTencent } from "../clouds/tencent/fake-tencent.ts";
import { openCloudSite } from "./cloud-site.ts";

/** With an elastic address, which takes more calls than an assigned one. */
export const openTencentSite = () =>
  openCloudSite((machines: Machines) => startFakeTencent({ machines }), {
    gateway: { publicAddress: "elastic" },
  });

/**
 * While a rehearsal runs: gateway and server; the system disk of each, two replicas, a clone; a snapshot
 * of each replica, and the one the image is made of.
 */
export const tencentFaults = {
  testing: { instances: 2, volumes: 5, snapshots: 3, images: 1, addresses: 1, groups: 1 },
  rounds: 4,
};
