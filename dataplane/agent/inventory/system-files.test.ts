/** What is read from files of a system, on folders that look like those of distributions of every age. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isGivenByNetwork } from "./address-origin.ts";
import { readBootFiles } from "./boot-files.ts";
import { readOs } from "./os.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "root-"));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function write(files: Record<string, string | Buffer>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

describe("the distribution", () => {
  test.each([
    [
      { "etc/os-release": 'ID="centos"\nVERSION_ID="7"\nPRETTY_NAME="CentOS Linux 7 (Core)"\n' },
      { distribution: "centos", version: "7", name: "CentOS Linux 7 (Core)" },
    ],
    [
      { "usr/lib/os-release": "ID=debian\nVERSION_ID='12'\n" },
      { distribution: "debian", version: "12" },
    ],
    [
      { "etc/redhat-release": "CentOS release 6.10 (Final)\n" },
      { distribution: "centos", version: "6.10", name: "CentOS release 6.10 (Final)" },
    ],
    [
      { "etc/redhat-release": "Red Hat Enterprise Linux Server release 6.9 (Santiago)\n" },
      { distribution: "rhel", version: "6.9" },
    ],
    [
      {
        "etc/SuSE-release":
          "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n",
      },
      { distribution: "sles", version: "11.4", name: "SUSE Linux Enterprise Server 11 (x86_64)" },
    ],
    [{ "etc/debian_version": "6.0.10\n" }, { distribution: "debian", version: "6.0.10" }],
  ])("is read from %o", async (files, expected) => {
    await write(files);

    expect(await readOs(root)).toMatchObject({
      os: { family: "linux", ...expected },
      notSeen: [],
    });
  });

  test("is said to be unknown where no file names it", async () => {
    const { os, notSeen } = await readOs(root);

    expect(os).not.toHaveProperty("distribution");
    expect(notSeen).toEqual([expect.stringContaining("the distribution")]);
  });
});

describe("kernels and what makes their initramfs", () => {
  test.each([
    [
      "Debian",
      "usr/sbin/mkinitramfs",
      "vmlinuz-6.1.0-13-amd64",
      "6.1.0-13-amd64",
      "initramfs-tools",
    ],
    ["RHEL 6", "sbin/dracut", "vmlinuz-2.6.32-754.el6.x86_64", "2.6.32-754.el6.x86_64", "dracut"],
    [
      "RHEL 8",
      "usr/bin/dracut",
      "vmlinuz-4.18.0-553.el8.x86_64",
      "4.18.0-553.el8.x86_64",
      "dracut",
    ],
    ["SUSE 11", "sbin/mkinitrd", "vmlinuz-3.0.101-108-default", "3.0.101-108-default", "mkinitrd"],
    [
      "ARM 64",
      "usr/bin/dracut",
      "Image-5.14.21-150400-default",
      "5.14.21-150400-default",
      "dracut",
    ],
  ])("are found on %s", async (_name, program, kernel, version, tool) => {
    await write({
      [program]: "",
      // Where there is dracut it only calls that.
      "sbin/mkinitrd": "",
      [`boot/${kernel}`]: "",
      [`boot/.${kernel}.hmac`]: "",
      "boot/vmlinuz-0-rescue-0123456789abcdef": "",
      "boot/vmlinux-3.0.101-108-default.gz": "",
      [`boot/config-${version}`]: "",
    });

    expect(await readBootFiles(root)).toEqual({
      kernels: [version],
      initramfsTools: [tool],
      notSeen: [],
    });
  });

  test("are several, the newest kernel first", async () => {
    await write({
      "usr/sbin/mkinitramfs": "",
      "usr/bin/dracut": "",
      "boot/vmlinuz-5.9.0-1-amd64": "",
      "boot/vmlinuz-5.10.0-2-amd64": "",
      "boot/vmlinuz-5.10.0-19-amd64": "",
    });

    expect(await readBootFiles(root)).toEqual({
      kernels: ["5.10.0-19-amd64", "5.10.0-2-amd64", "5.9.0-1-amd64"],
      initramfsTools: ["initramfs-tools", "dracut"],
      notSeen: [],
    });
  });

  test("are named by themselves where their files are not, as on Arch Linux", async () => {
    const kernel = Buffer.alloc(0x400);
    kernel.write("HdrS", 0x202, "latin1");
    kernel.writeUInt16LE(0x100, 0x20e);
    kernel.write("6.6.1-arch1-1 (linux@archlinux) #1 SMP\0", 0x300, "latin1");
    await write({
      "usr/bin/mkinitcpio": "",
      "boot/vmlinuz-linux": kernel,
      "boot/vmlinuz-linux-odd": Buffer.alloc(0x400),
    });

    expect(await readBootFiles(root)).toEqual({
      kernels: ["6.6.1-arch1-1"],
      initramfsTools: ["mkinitcpio"],
      notSeen: ["the version of the kernel /boot/vmlinuz-linux-odd"],
    });
  });

  test("are not said to be none where /boot is not there, or not mounted", async () => {
    expect(await readBootFiles(root)).toEqual({
      initramfsTools: [],
      notSeen: ["kernels: /boot can't be read"],
    });
    await write({
      "etc/fstab": "# /dev/sdb1 /boot\nUUID=1-2 /boot ext4 defaults 0 2\n",
      "boot/x": "",
    });
    expect(await readBootFiles(root)).toEqual({
      initramfsTools: [],
      notSeen: ["kernels: /boot is not mounted"],
    });
    await write({ "etc/fstab": "# /dev/sdb1 /boot ext4 defaults\n" });
    expect((await readBootFiles(root)).kernels).toEqual([]);
  });
});

describe("an address that does not say who gave it", () => {
  const eth0 = { name: "eth0", mac: "52:54:00:AA:BB:CC", index: "2" };

  test.each([
    [
      "systemd-networkd",
      (dhcp: boolean) => ({
        "run/systemd/netif/links/2":
          "ADMIN_STATE=configured\nNETWORK_FILE=/run/systemd/network/10-netplan-eth0.network\n",
        "run/systemd/network/10-netplan-eth0.network": `[Match]\nName=eth0\n\n[Network]\n${
          dhcp ? "DHCP=ipv4" : "Address=192.0.2.7/24"
        }\n`,
      }),
    ],
    [
      "NetworkManager, by the connection that is up",
      (dhcp: boolean) => ({
        "run/NetworkManager/devices/2": "[device]\nmanaged=true\nconnection-uuid=u-2\n",
        "etc/NetworkManager/system-connections/a.nmconnection":
          "[connection]\nuuid=u-1\ninterface-name=eth0\n[ipv4]\nmethod=disabled\n",
        "etc/NetworkManager/system-connections/b.nmconnection": `[connection]\nuuid=u-2\n[ipv4]\nmethod=${
          dhcp ? "auto" : "manual"
        }\n`,
      }),
    ],
    [
      "NetworkManager, by the interface it is for",
      (dhcp: boolean) => ({
        "etc/NetworkManager/system-connections/Wired 1": `[connection]\nid=Wired 1\n[ethernet]\nmac-address=52:54:00:aa:bb:cc\n[ipv4]\nmethod=${
          dhcp ? "auto" : "manual"
        }\n`,
      }),
    ],
    [
      "ifcfg of RHEL",
      (dhcp: boolean) => ({
        "etc/sysconfig/network-scripts/ifcfg-lo": "DEVICE=lo\nBOOTPROTO=none\n",
        "etc/sysconfig/network-scripts/ifcfg-eth0.bak": "DEVICE=eth0\nBOOTPROTO=ibft\n",
        "etc/sysconfig/network-scripts/ifcfg-System_eth0": `HWADDR=52:54:00:aa:bb:cc\nTYPE=Ethernet\nBOOTPROTO="${
          dhcp ? "dhcp" : "none"
        }"\nONBOOT=yes\n`,
      }),
    ],
    [
      "ifcfg of SUSE",
      (dhcp: boolean) => ({
        "etc/sysconfig/network/ifcfg-eth0": `BOOTPROTO='${dhcp ? "dhcp4" : "static"}'\nSTARTMODE='auto'\n`,
      }),
    ],
    [
      "ifupdown",
      (dhcp: boolean) => ({
        "etc/network/interfaces": "auto lo\niface lo inet loopback\nsource interfaces.d/*\n",
        "etc/network/interfaces.d/eth0": `allow-hotplug eth0\niface eth0 inet6 auto\niface eth0 inet ${
          dhcp ? "dhcp" : "static"
        }\n`,
      }),
    ],
    [
      "a DHCP client that runs, and nothing else",
      (dhcp: boolean) => ({
        "proc/77/cmdline": ["/sbin/dhclient", "-v", dhcp ? "eth0" : "eth1", ""].join("\0"),
        "proc/78/cmdline": ["grep", "dhclient", "eth0", ""].join("\0"),
      }),
    ],
  ])("is told by %s", async (_name, files) => {
    await write(files(true));
    expect(await isGivenByNetwork(eth0, root)).toBe(true);
    await write(files(false));
    expect(await isGivenByNetwork(eth0, root)).toBe(false);
  });

  test("was set by hand where nothing knows of it", async () => {
    expect(await isGivenByNetwork(eth0, root)).toBe(false);
  });
});
