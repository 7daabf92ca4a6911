/**
 * Whether the network gives an interface its address, where the address itself does not tell: an old kernel or DHCP
 * client sets it without an end. What manages the interface is asked by its files, the running state of each before
 * its configuration:
 *
 *   systemd-networkd (and netplan, which writes for it)   /run/systemd/netif/links/<index> names the .network file
 *   NetworkManager (and netplan)                          /run/NetworkManager/devices/<index> has the connection's id
 *   RHEL, SUSE                                            ifcfg-*
 *   ifupdown                                              /etc/network/interfaces
 *   none of them                                          a DHCP client that runs for it
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface NicName {
  readonly name: string;
  readonly mac: string;
  /** The kernel's number of it. */
  readonly index: string;
}

export async function isGivenByNetwork(nic: NicName, root = "/"): Promise<boolean> {
  const byConfiguration =
    (await byNetworkd(nic, root)) ??
    (await byNetworkManager(nic, root)) ??
    (await byIfcfg(nic, root)) ??
    (await byIfupdown(nic, root));
  return byConfiguration ?? (await hasDhcpClient(nic, root));
}

/** Source: systemd.network(5), DHCP=. */
async function byNetworkd({ index }: NicName, root: string): Promise<boolean | undefined> {
  const state = await find(join(root, "run/systemd/netif/links", index));
  const file = /^NETWORK_FILE=(.+)$/m.exec(state ?? "")?.[1];
  const text = file === undefined ? undefined : await find(join(root, file));
  if (text === undefined) return undefined;
  const says = settingsOf(text).get("network.dhcp") ?? "no";
  return /^(yes|true|on|1|both|ipv4|v4)$/i.test(says);
}

/** Source: nm-settings-keyfile(5), ipv4.method. */
async function byNetworkManager(nic: NicName, root: string): Promise<boolean | undefined> {
  const state = await find(join(root, "run/NetworkManager/devices", nic.index));
  const id = settingsOf(state ?? "").get("device.connection-uuid");
  for (const folder of ["run", "etc"]) {
    const place = join(root, folder, "NetworkManager/system-connections");
    for (const file of await list(place)) {
      const settings = settingsOf((await find(join(place, file))) ?? "");
      const isIts =
        id === undefined
          ? settings.get("connection.interface-name") === nic.name ||
            isMac(
              settings.get("ethernet.mac-address") ?? settings.get("802-3-ethernet.mac-address"),
              nic,
            )
          : settings.get("connection.uuid") === id;
      const method = isIts ? settings.get("ipv4.method") : undefined;
      if (method !== undefined) return method === "auto";
    }
  }
  return undefined;
}

/** Source: ifcfg(5) of SUSE; initscripts, sysconfig.txt of Red Hat. */
async function byIfcfg(nic: NicName, root: string): Promise<boolean | undefined> {
  for (const folder of ["etc/sysconfig/network-scripts", "etc/sysconfig/network"]) {
    const place = join(root, folder);
    for (const file of await list(place)) {
      if (!/^ifcfg-/.test(file) || /\.(bak|old|orig|rpm\w+|premigrate)$|~$/.test(file)) continue;
      const text = (await find(join(place, file))) ?? "";
      const value = (key: string) =>
        new RegExp(`^\\s*${key}=["']?([^"'\\s#]*)`, "mi").exec(text)?.[1];
      const device = value("DEVICE");
      const isIts = device === undefined ? file === `ifcfg-${nic.name}` : device === nic.name;
      if (!isIts && !isMac(value("HWADDR"), nic)) continue;
      return /^(dhcp|bootp)/i.test(value("BOOTPROTO") ?? "");
    }
  }
  return undefined;
}

/** Source: interfaces(5). */
async function byIfupdown({ name }: NicName, root: string): Promise<boolean | undefined> {
  const extra = (await list(join(root, "etc/network/interfaces.d"))).map(
    (file) => `interfaces.d/${file}`,
  );
  for (const file of ["interfaces", ...extra]) {
    const text = (await find(join(root, "etc/network", file))) ?? "";
    for (const [, iface, method] of text.matchAll(/^\s*iface\s+(\S+)\s+inet\s+(\S+)/gm)) {
      if (iface === name) return method === "dhcp" || method === "bootp";
    }
  }
  return undefined;
}

async function hasDhcpClient({ name }: NicName, root: string): Promise<boolean> {
  for (const pid of await list(join(root, "proc"))) {
    if (!/^\d+$/.test(pid)) continue;
    const words = (await find(join(root, "proc", pid, "cmdline")))?.split("\0") ?? [];
    const [program = ""] = words;
    if (/(^|\/)(dhclient|dhclient3|dhcpcd|udhcpc)$/.test(program) && words.includes(name))
      return true;
  }
  return false;
}

/** `[Section]` and `Key=value` lines, as `section.key` → value; of repeated keys the last. */
function settingsOf(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  let section = "";
  for (const line of text.split("\n")) {
    const heading = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    if (heading !== undefined) section = heading.toLowerCase();
    const [, key, value] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) settings.set(`${section}.${key.toLowerCase()}`, value ?? "");
  }
  return settings;
}

function isMac(text: string | undefined, { mac }: NicName): boolean {
  return text !== undefined && text.toLowerCase() === mac.toLowerCase();
}

async function list(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

async function find(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}
