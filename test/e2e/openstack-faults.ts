/** While a rehearsal runs: gateway and server; the gateway's system disk, two replicas and their clones. */
export const openstackFaults = {
  testing: { instances: 2, volumes: 5, snapshots: 2, images: 0, addresses: 1, groups: 1 },
  rounds: 4,
};
