/**
 * While a rehearsal runs: gateway and server; their root volumes, two replicas and the clone of the data disk; the
 * recovery point; the server's image, and the snapshot it was made of.
 */
export const zstackFaults = {
  testing: { instances: 2, volumes: 5, snapshots: 3, images: 1, addresses: 1, groups: 1 },
  rounds: 5,
};
