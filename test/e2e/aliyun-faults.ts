/** While a rehearsal runs: gateway and server; their system disks, two replicas, one clone. About 200 calls of 33 actions. */
export const aliyunFaults = {
  testing: { instances: 2, volumes: 5, snapshots: 2, images: 1, addresses: 1, groups: 1 },
  rounds: 3,
};
