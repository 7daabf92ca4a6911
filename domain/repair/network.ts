/**
 * The guest's network: which of Debian's and Ubuntu's ways it uses, and how to make its first interface
 * ask for an address. Names tied to the source's hardware are set aside.
 */
import { type GuestFacts, pathsMatching } from "./inspection.ts";

interface NetworkWay {
  readonly name: string;
  readonly isUsed: (guest: GuestFacts) => boolean;
  /** Programs of which one must be there; empty when it needs none. */
  readonly needsOneOf: readonly string[];
  /** Old configuration that would still be read beside ours. */
  readonly replaces: RegExp;
  readonly path: string;
  readonly content: string;
  /** True when ours counts on the first interface being called eth0. */
  readonly firstIsEth0: boolean;
}

const dhcpClients = [
  "/sbin/dhclient",
  "/usr/sbin/dhclient",
  "/sbin/dhcpcd",
  "/usr/sbin/dhcpcd",
  "/sbin/udhcpc",
  "/usr/sbin/udhcpc",
];
const nothing = /(?!)/;
const said = "Made by HyperMotion: the network of the target asks for nothing but DHCP.";

/** In the order in which they are looked for: netplan, where it is used, makes files for the others. */
const networkWays: readonly NetworkWay[] = [
  {
    name: "netplan",
    isUsed: (guest) => pathsMatching(guest, /^\/etc\/netplan\/[^/]+\.yaml$/).length > 0,
    needsOneOf: [],
    replaces: /^\/etc\/netplan\/(?!90-hypermotion\.yaml$)[^/]+\.yaml$/,
    path: "/etc/netplan/90-hypermotion.yaml",
    content:
      `# ${said}\nnetwork:\n  version: 2\n  ethernets:\n    first:\n      match:\n        name: "e*"\n` +
      "      dhcp4: true\n      optional: true\n",
    firstIsEth0: false,
  },
  {
    name: "ifupdown",
    isUsed: (guest) =>
      guest.files["/etc/network/interfaces"] !== undefined && guest.present.includes("/sbin/ifup"),
    needsOneOf: dhcpClients,
    replaces: nothing,
    path: "/etc/network/interfaces",
    content: `# ${said}\nauto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n`,
    firstIsEth0: true,
  },
  {
    name: "systemd-networkd",
    isUsed: (guest) => pathsMatching(guest, /^\/etc\/systemd\/network\/[^/]+\.network$/).length > 0,
    needsOneOf: ["/lib/systemd/systemd-networkd", "/usr/lib/systemd/systemd-networkd"],
    replaces: /^\/etc\/systemd\/network\/(?!10-hypermotion\.network$)[^/]+\.network$/,
    path: "/etc/systemd/network/10-hypermotion.network",
    content: `# ${said}\n[Match]\nName=e*\n\n[Network]\nDHCP=yes\n`,
    firstIsEth0: false,
  },
];

/** udev rules and links that give a name to a MAC address, which no card at the target has. */
const hardwareNames =
  /^\/etc\/(udev\/rules\.d\/[^/]*(persistent-net|net-by-mac)[^/]*\.rules|systemd\/network\/[^/]+\.link)$/;

export function findNetworkWay(guest: GuestFacts): NetworkWay | undefined {
  return networkWays.find((way) => way.isUsed(guest));
}

export function hasNeededProgram(guest: GuestFacts, way: NetworkWay): boolean {
  return way.needsOneOf.length === 0 || way.needsOneOf.some((path) => guest.present.includes(path));
}

/** Files that must not be read any more once the network is ours. */
export function networkFilesToSetAside(guest: GuestFacts, way: NetworkWay): string[] {
  return [...pathsMatching(guest, hardwareNames), ...pathsMatching(guest, way.replaces)];
}
