/**
 * While a rehearsal runs: gateway and server; two replicas and the clone of the data disk; the recovery
 * point and the snapshot the image is made of; system disks are part of their instances.
 */
export const qingcloudFaults = {
  testing: { instances: 2, volumes: 3, snapshots: 3, images: 1, addresses: 1, groups: 1 },
  rounds: 4,
};
