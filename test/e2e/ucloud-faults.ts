/**
 * While a rehearsal runs: gateway and server; the disk of each, two replicas, the clone of the data disk
 * (that of the system disk went when HyperDoor had copied it); the recovery point.
 */
export const ucloudFaults = {
  testing: { instances: 2, volumes: 5, snapshots: 2, images: 0, addresses: 1, groups: 1 },
  rounds: 4,
};
