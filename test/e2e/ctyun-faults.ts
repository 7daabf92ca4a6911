/**
 * While a rehearsal runs: gateway and server; the system disk of each, two replicas and the clone of the data disk;
 * the recovery point. What HyperDoor copied from is gone.
 */
export const ctyunFaults = {
  testing: { instances: 2, volumes: 5, snapshots: 2, images: 0, addresses: 1, groups: 1 },
  rounds: 3,
};
