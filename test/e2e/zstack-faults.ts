/**
 * While a rehearsal runs: gateway and server; their root volumes, two replicas and the clone of the data disk; the
 * recovery point; the server's image. The snapshot that was made of went with its volume.
 */
export const zstackFaults = {
  testing: { instances: 2, volumes: 5, snapshots: 2, images: 1, addresses: 1, groups: 1 },
  rounds: 5,
};
