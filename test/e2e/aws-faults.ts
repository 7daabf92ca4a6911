/** While a rehearsal runs: gateway and server; the gateway's root, two replicas, two clones. About 155 calls of 29 actions. */
export const awsFaults = {
  testing: { instances: 2, volumes: 5, snapshots: 2, images: 0, addresses: 1, groups: 1 },
  rounds: 5,
};
