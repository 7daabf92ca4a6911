/**
 * While a rehearsal runs: gateway and server; their system disks, two replicas and the clone of the data disk, for
 * that of the system disk went when it was copied; the recovery point.
 */
export const kingsoftFaults = {
  testing: { instances: 2, volumes: 5, snapshots: 2, images: 0, addresses: 1, groups: 1 },
  rounds: 3,
};
