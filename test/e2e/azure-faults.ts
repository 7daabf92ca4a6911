/** While a rehearsal runs: gateway and server; the gateway's disk, two replicas, two clones. About 150 calls of 24 actions. */
export const azureFaults = {
  testing: { instances: 2, volumes: 5, snapshots: 2, images: 0, addresses: 1, groups: 1 },
  rounds: 5,
};
