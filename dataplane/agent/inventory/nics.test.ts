import { execFile } from "node:child_process";
import { networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parseIpAddr, readNics } from "./nics.ts";

const isRoot = process.getuid?.() === 0;
const because = isRoot ? "" : " (skipped: needs root, for a network namespace)";

test("addresses are those that are valid beyond the link, with those that somebody leased", () => {
  const output = [
    "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever",
    "4: eth0    inet 192.0.2.2/24 brd 192.0.2.255 scope global dynamic noprefixroute eth0\\       valid_lft 86322sec preferred_lft 86322sec",
    "4: eth0    inet 10.7.0.1/24 brd 10.7.0.255 scope global secondary eth0:x\\       valid_lft forever preferred_lft forever",
    "4: eth0    inet6 fd00::2/64 scope global nodad \\       valid_lft forever preferred_lft forever",
    "4: eth0    inet6 fe80::fc:ff:fe00:1/64 scope link \\       valid_lft forever preferred_lft forever",
    "5: tun0    inet 10.8.0.1 peer 10.8.0.2/32 scope global tun0\\       valid_lft forever preferred_lft forever",
    "",
  ].join("\n");

  expect(parseIpAddr(output)).toEqual([
    { nic: "eth0", cidr: "192.0.2.2/24", isIpv4: true, isDynamic: true },
    { nic: "eth0", cidr: "10.7.0.1/24", isIpv4: true, isDynamic: false },
    { nic: "eth0", cidr: "fd00::2/64", isIpv4: false, isDynamic: false },
    { nic: "tun0", cidr: "10.8.0.1/32", isIpv4: true, isDynamic: false },
  ]);
});

test("this system's own interfaces are seen with the addresses it says it has", async () => {
  const { nics, notSeen } = await readNics();

  const own = networkInterfaces();
  expect(notSeen).toEqual([]);
  for (const { name, addresses } of nics) {
    const wanted = (own[name] ?? []).filter(({ address }) => !address.startsWith("fe80:"));
    expect(addresses.sort(), name).toEqual(wanted.map(({ cidr }) => cidr).sort());
  }
});

test.skipIf(!isRoot)(
  `bridges and pairs that only lead to containers are left out${because}`,
  async () => {
    const program = fileURLToPath(new URL("./nics.ts", import.meta.url));
    const code = `const { readNics } = await import(${JSON.stringify(program)});
    console.log(JSON.stringify(await readNics()));`;
    const script = `set -eu
    ip link add veth0 type veth peer name inside
    ip link add docker0 type bridge
    ip link set veth0 master docker0
    ip addr add 172.17.0.1/16 dev docker0
    ip link set docker0 up
    mount -t sysfs own /sys
    exec "$NODE" --input-type=module -e "$CODE"`;
    const { stdout } = await promisify(execFile)(
      "unshare",
      ["--net", "--mount", "--propagation=private", "sh", "-c", script],
      { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, NODE: process.execPath, CODE: code } },
    );

    expect(JSON.parse(stdout)).toEqual({ nics: [], notSeen: [] });
  },
);
