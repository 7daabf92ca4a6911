/** Network interfaces that lead out of this server, from /sys, with their addresses as `ip` lists them. */
import { readdir, readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Inventory } from "#domain/inventory.ts";
import { runTool } from "../../run-tool.ts";
import { isGivenByNetwork } from "./address-origin.ts";

type Nic = Inventory["nics"][number];

export interface Address {
  readonly nic: string;
  readonly cidr: string;
  readonly isIpv4: boolean;
  /** It has an end, so somebody leased or advertised it. */
  readonly isDynamic: boolean;
}

/**
 * `ip -o addr`, which every age of iproute2 prints alike (JSON came in 2017): addresses that are valid beyond the
 * link.
 *
 *   4: eth0    inet 192.0.2.2/24 brd 192.0.2.255 scope global dynamic eth0\       valid_lft 86322sec …
 *   5: tun0    inet 10.8.0.1 peer 10.8.0.2/32 scope global tun0\       valid_lft forever …
 */
export function parseIpAddr(text: string): Address[] {
  const line = /^\d+:\s+(\S+)\s+(inet6?)\s+(\S+?)(?:\/(\d+))?(?:\s+peer\s+\S+\/(\d+))?\s(.*)$/gm;
  return [...text.matchAll(line)].flatMap(
    ([, nic = "", family, address = "", own, peers, rest = ""]): Address[] => {
      if (!/\bscope global\b/.test(rest)) return [];
      const isIpv4 = family === "inet";
      const prefix = own ?? peers ?? (isIpv4 ? "32" : "128");
      const isDynamic = /\bdynamic\b/.test(rest);
      return [{ nic, cidr: `${address}/${prefix}`, isIpv4, isDynamic }];
    },
  );
}

export async function readNics(): Promise<{ nics: Nic[]; notSeen: string[] }> {
  const names = await readdir("/sys/class/net").catch(() => undefined);
  if (names === undefined)
    return { nics: [], notSeen: ["the network: /sys/class/net can't be read"] };
  const run = await runTool("ip", ["-o", "addr"]);
  const addresses = run.status === 0 ? parseIpAddr(run.stdout) : addressesInUse();
  const notSeen =
    run.status === 0 ? [] : [`addresses of interfaces that are down, and leases: ${run.problem}`];
  const nics: Nic[] = [];
  for (const name of names) {
    // Source: include/uapi/linux/if_arp.h, ARPHRD_ETHER and ARPHRD_INFINIBAND.
    const kind = await find(name, "type");
    const mac = await find(name, "address");
    if ((kind !== "1" && kind !== "32") || mac === undefined || !(await leadsOut(name))) continue;
    const own = addresses.filter(({ nic }) => nic === name);
    const nic: Nic = { name, mac, addresses: own.map(({ cidr }) => cidr) };
    if (own.length > 0) {
      const first = own.filter(({ isIpv4 }) => isIpv4);
      const isLeased = (first.length > 0 ? first : own).some(({ isDynamic }) => isDynamic);
      const index = (await find(name, "ifindex")) ?? "";
      nic.dhcp = isLeased || (await isGivenByNetwork({ name, mac, index }));
    }
    nics.push(nic);
  }
  return {
    nics: nics.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })),
    notSeen,
  };
}

/** Without `ip`: those of interfaces that are up. An alias (`eth0:1`) is its interface's. */
function addressesInUse(): Address[] {
  return Object.entries(networkInterfaces()).flatMap(([label, entries = []]) =>
    entries
      .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"))
      .map(({ address, cidr, family }) => ({
        nic: label.split(":")[0] ?? label,
        cidr: cidr ?? address,
        isIpv4: family === "IPv4",
        isDynamic: false,
      })),
  );
}

/**
 * Hardware, or what is built on hardware: bonds, bridges, VLANs. Others (a container's bridge, veth, dummy) only
 * lead somewhere else on the same server. Source: Documentation/ABI/testing/sysfs-class-net.
 */
async function leadsOut(name: string, depth = 0): Promise<boolean> {
  const entries: string[] = await readdir(join("/sys/class/net", name)).catch(() => []);
  if (entries.includes("device")) return true;
  if (depth > 4) return false;
  const below = entries.flatMap((entry) => (/^lower_(.+)$/.exec(entry) ?? []).slice(1));
  // Kernels before 3.14 say it in each kind's own way.
  below.push(...((await find(name, "bonding/slaves"))?.split(" ") ?? []));
  below.push(...(await readdir(join("/sys/class/net", name, "brif")).catch(() => [])));
  if (/^DEVTYPE=vlan$/m.test((await find(name, "uevent")) ?? "")) {
    below.push(...(await namesWithIndex((await find(name, "iflink")) ?? "")));
  }
  for (const lower of new Set(below)) {
    if (lower !== "" && (await leadsOut(lower, depth + 1))) return true;
  }
  return false;
}

async function namesWithIndex(index: string): Promise<string[]> {
  const names = await readdir("/sys/class/net");
  const indexes = await Promise.all(names.map((name) => find(name, "ifindex")));
  return names.filter((_, at) => indexes[at] === index);
}

async function find(name: string, file: string): Promise<string | undefined> {
  try {
    return (await readFile(join("/sys/class/net", name, file), "utf8")).trim();
  } catch {
    return undefined;
  }
}
