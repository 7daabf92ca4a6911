import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TargetHardware, targetHardware } from "../protocol/gateway.ts";
import { afterActions, dataUuid, exampleGuest, exampleKernel, rootUuid } from "./example-guest.ts";
import { planRepair, type RepairAction, subjectOf } from "./plan.ts";
import { requireVerified, verifyRepair } from "./verify.ts";

const nvme: TargetHardware = {
  platform: "aws",
  storage: "nvme",
  network: "ena",
  firmware: "bios",
};
const dhcp = { network: "dhcp" } as const;

function contentOf(actions: readonly RepairAction[], path: string): string {
  const action = actions.find((each) => each.do === "write-file" && each.path === path);
  return action?.do === "write-file" ? action.content : "";
}

function foundBy(plan: () => unknown): string {
  try {
    plan();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return "nothing";
}

describe("a Debian server that knows only its own hardware", () => {
  test("gets everything it needs, the initramfs last", () => {
    const actions = planRepair(exampleGuest(), nvme, dhcp);

    expect(actions.map((action) => [action.do, subjectOf(action)])).toEqual([
      ["write-file", "/etc/fstab"],
      ["write-file", "/boot/grub/grub.cfg"],
      ["write-file", "/etc/default/grub"],
      ["write-file", "/etc/initramfs-tools/modules"],
      ["write-file", "/etc/initramfs-tools/conf.d/zz-hypermotion"],
      ["set-aside", "/etc/udev/rules.d/70-persistent-net.rules"],
      ["write-file", "/etc/network/interfaces"],
      ["rebuild-initramfs", "6.1.0-50-amd64"],
    ]);
  });

  test("finds its disks by UUID", () => {
    const actions = planRepair(exampleGuest(), nvme, dhcp);

    expect(contentOf(actions, "/etc/fstab")).toBe(
      `UUID=${rootUuid} / ext4 defaults 0 1\nUUID=${dataUuid} /data ext4 defaults 0 2\n`,
    );
    expect(contentOf(actions, "/boot/grub/grub.cfg")).toContain(
      `linux	/boot/vmlinuz-6.1.0-50-amd64 root=UUID=${rootUuid} ro quiet ` +
        "console=tty0 console=ttyS0,115200 net.ifnames=0 biosdevname=0\n",
    );
    expect(contentOf(actions, "/etc/default/grub")).toBe(
      'GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200 net.ifnames=0 biosdevname=0"\n' +
        "# GRUB_DISABLE_LINUX_UUID=true\n",
    );
  });

  test("keeps its network when that is ordered", () => {
    const actions = planRepair(exampleGuest(), nvme, { network: "keep" });

    const subjects = actions.map(subjectOf);
    expect(subjects).not.toContain("/etc/network/interfaces");
    expect(subjects).not.toContain("/etc/udev/rules.d/70-persistent-net.rules");
    expect(contentOf(actions, "/boot/grub/grub.cfg")).not.toContain("net.ifnames");
  });

  test("needs nothing more once repaired, whatever it looked like", () => {
    const anyGuest = fc.record({
      rootName: fc.constantFrom("/dev/sda1", `UUID=${rootUuid}`, "LABEL=root"),
      dataName: fc.constantFrom("/dev/sdb1", `UUID=${dataUuid}`, "/dev/sdq7", "UUID=0000-gone"),
      modules: fc.constantFrom("MODULES=dep\n", "MODULES=most\n", "MODULES=list\n", ""),
      settings: fc.constantFrom(
        'GRUB_CMDLINE_LINUX="quiet"\n',
        "GRUB_CMDLINE_LINUX=quiet\n",
        "GRUB_CMDLINE_LINUX='console=ttyS1'\n",
        "GRUB_TIMEOUT=1\n",
        undefined,
      ),
      resume: fc.constantFrom(
        "RESUME=/dev/sda1\n",
        "RESUME=/dev/sdq1\n",
        "RESUME=none\n",
        undefined,
      ),
      netplan: fc.constantFrom("network: {version: 2}\n", undefined),
      hardware: fc.record({
        platform: fc.constant("local"),
        storage: fc.constantFrom(...targetHardware.shape.storage.options),
        network: fc.constantFrom(...targetHardware.shape.network.options),
        firmware: fc.constant("bios" as const),
      }),
      network: fc.constantFrom("dhcp" as const, "keep" as const),
    });

    fc.assert(
      fc.property(anyGuest, ({ hardware, network, ...looks }) => {
        const guest = exampleGuest({
          "/etc/fstab": `${looks.rootName} / ext4 defaults 0 1\n${looks.dataName} /data ext4 defaults 0 2\n`,
          "/etc/default/grub": looks.settings,
          "/etc/initramfs-tools/initramfs.conf": looks.modules,
          "/etc/initramfs-tools/conf.d/resume": looks.resume,
          "/etc/netplan/50-old.yaml": looks.netplan,
        });

        const repaired = afterActions(guest, planRepair(guest, hardware, { network }));

        expect(planRepair(repaired, hardware, { network })).toEqual([]);
        requireVerified(verifyRepair(repaired, hardware, { network }));
      }),
    );
  });
});

describe("what is not migrated or can't be told", () => {
  test("the fstab line of a disk that was not migrated becomes a comment", () => {
    const fstab = `UUID=${rootUuid} / ext4 defaults 0 1\n/dev/sdc1 /backup ext4 defaults 0 2\n`;

    const actions = planRepair(exampleGuest({ "/etc/fstab": fstab }), nvme, dhcp);

    expect(contentOf(actions, "/etc/fstab")).toContain(
      "\n# Not migrated: /dev/sdc1 /backup ext4 defaults 0 2\n",
    );
  });

  test("a by-id name is told on a server with one disk and refused on one with two", () => {
    const fstab = "/dev/disk/by-id/ata-QEMU_QM00001-part1 / ext4 defaults 0 1\n";
    const two = exampleGuest({ "/etc/fstab": fstab });
    const one = { ...two, disks: two.disks.slice(0, 1) };

    expect(contentOf(planRepair(one, nvme, dhcp), "/etc/fstab")).toContain(`UUID=${rootUuid} /`);
    expect(foundBy(() => planRepair(two, nvme, dhcp))).toContain("which of its 2 disks");
  });

  test("a MODULES setting that asks the running hardware is replaced", () => {
    const settings = { "/etc/initramfs-tools/conf.d/driver-policy": "MODULES=dep\n" };

    const actions = planRepair(exampleGuest(settings), nvme, dhcp);

    expect(contentOf(actions, "/etc/initramfs-tools/conf.d/zz-hypermotion")).toBe(
      "MODULES=most\nFSTYPE=ext4\n",
    );
  });

  test("the old of a file in a folder that is read whole is kept outside of it", () => {
    const resume = { "/etc/initramfs-tools/conf.d/resume": "RESUME=/dev/sda1\n" };

    const actions = planRepair(exampleGuest(resume), nvme, dhcp);

    expect(actions).toContainEqual(
      expect.objectContaining({
        path: "/etc/initramfs-tools/conf.d/resume",
        backup: "/etc/initramfs-tools/conf.d.resume.premigrate",
        content: `RESUME=UUID=${rootUuid}\n`,
      }),
    );
  });
});

describe("a guest repair does not know is refused before anything is done", () => {
  const refusals: [string, Parameters<typeof planRepair>[0], string][] = [
    ["another distribution", exampleGuest({ "/etc/os-release": "ID=alpine\n" }), "alpine unknown"],
    ["no boot loader", exampleGuest({ "/boot/grub/grub.cfg": undefined }), "no known boot loader"],
    ["no kernel", { ...exampleGuest(), kernels: [] }, "no kernel"],
    [
      "a kernel without the driver",
      { ...exampleGuest(), kernels: [{ ...exampleKernel("3.2"), modules: ["ena"] }] },
      "kernel 3.2 without driver nvme",
    ],
    [
      "a separate /usr",
      exampleGuest({ "/etc/fstab": `UUID=${rootUuid} / ext4\nUUID=${dataUuid} /usr ext4\n` }),
      "a separate /usr",
    ],
    [
      "a network without a client",
      { ...exampleGuest(), present: ["/usr/sbin/mkinitramfs", "/sbin/ifup"] },
      "ifupdown without a DHCP client",
    ],
    [
      "a root that stayed behind",
      exampleGuest({ "/boot/grub/grub.cfg": "\tlinux /boot/vmlinuz-1 root=/dev/sdz1 ro\n" }),
      "/dev/sdz1, which was not migrated",
    ],
  ];

  test.each(refusals)("%s", (_, guest, words) => {
    expect(foundBy(() => planRepair(guest, nvme, dhcp))).toContain(words);
  });

  test("a target with UEFI", () => {
    const plan = () => planRepair(exampleGuest(), { ...nvme, firmware: "uefi" }, dhcp);

    expect(foundBy(plan)).toContain("a target with uefi");
  });
});
