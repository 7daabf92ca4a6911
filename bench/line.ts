/** A line of a given rate between two network namespaces of our own. Needs root. */
import { execFileSync } from "node:child_process";

export interface Place {
  /** In front of a command, so that it runs on the other side of the line. */
  readonly inside: readonly string[];
  /** Where the gateway's side listens. */
  readonly host: string;
}

export const loopback: { near: Place; far: Place } = {
  near: { inside: [], host: "127.0.0.1" },
  far: { inside: [], host: "127.0.0.1" },
};

const run = (command: string) => execFileSync("sh", ["-c", command], { stdio: "pipe" });

/** Both directions are held to the rate; a round trip takes a millisecond or so. */
export function makeLine(mbitPerSecond: number): typeof loopback & { remove(): void } & Disposable {
  const [near, far] = [`hm-near-${process.pid}`, `hm-far-${process.pid}`];
  const remove = () => {
    for (const name of [near, far]) {
      try {
        run(`ip netns delete ${name}`);
      } catch {
        // It was never made.
      }
    }
  };
  try {
    for (const name of [near, far]) run(`ip netns add ${name}`);
    run(`ip link add hmn netns ${near} type veth peer name hmf netns ${far}`);
    for (const [name, device, address] of [
      [near, "hmn", "10.231.0.1"],
      [far, "hmf", "10.231.0.2"],
    ]) {
      const inside = `ip netns exec ${name}`;
      run(`${inside} ip address add ${address}/24 dev ${device}`);
      run(`${inside} ip link set ${device} up && ${inside} ip link set lo up`);
      run(`${inside} ethtool -K ${device} tso off gso off gro off 2>/dev/null || true`);
      run(
        `${inside} tc qdisc add dev ${device} root tbf rate ${mbitPerSecond}mbit burst 32kb latency 50ms`,
      );
    }
  } catch (error) {
    remove();
    throw error;
  }
  return {
    near: { inside: ["ip", "netns", "exec", near], host: "10.231.0.1" },
    far: { inside: ["ip", "netns", "exec", far], host: "10.231.0.2" },
    remove,
    [Symbol.dispose]: remove,
  };
}
