import { expect, test } from "vitest";
import type { TargetHardware } from "../protocol/gateway.ts";
import { afterActions, exampleGuest } from "./example-guest.ts";
import type { Inspection } from "./inspection.ts";
import { planRepair } from "./plan.ts";
import { requireVerified, verifyRepair } from "./verify.ts";

const hardware: TargetHardware = {
  platform: "local",
  storage: "virtio-blk",
  network: "virtio-net",
  firmware: "bios",
};
const options = { network: "dhcp" } as const;

function repaired(): Inspection {
  const guest = exampleGuest();
  return afterActions(guest, planRepair(guest, hardware, options));
}

function withFile(guest: Inspection, path: string, change: (text: string) => string): Inspection {
  return { ...guest, files: { ...guest.files, [path]: change(guest.files[path] ?? "") } };
}

function failedChecks(guest: Inspection): Record<string, string> {
  const failed = verifyRepair(guest, hardware, options).filter(({ passed }) => !passed);
  return Object.fromEntries(failed.map(({ check, seen }) => [check, seen]));
}

test("a guest that nobody repaired fails every check its boot would fail on", () => {
  expect(failedChecks(exampleGuest())).toEqual({
    "root-device": "root=/dev/sda1 is not the root's file system",
    "storage-driver": "the initramfs of 6.1.0-50-amd64 lacks virtio_blk",
    "device-names":
      "/etc/fstab names /dev/sda1; /etc/fstab names /dev/sdb1; /boot/grub/grub.cfg names /dev/sda1",
    network: expect.stringContaining("/etc/network/interfaces is not as it should be"),
  });
});

test("an initramfs that can't be read is as bad as none", () => {
  const guest = repaired();
  const kernels = guest.kernels.map(({ version, builtIn, modules }) => ({
    version,
    builtIn,
    modules,
  }));

  expect(failedChecks({ ...guest, kernels })).toEqual({
    "storage-driver": "kernel 6.1.0-50-amd64 has no readable initramfs",
  });
});

test("a root= that is on no disk fails", () => {
  const guest = withFile(repaired(), "/boot/grub/grub.cfg", (menu) =>
    menu.replace(/root=UUID=\S+/, "root=UUID=0000"),
  );

  expect(failedChecks(guest)).toEqual({
    "root-device": "root=UUID=0000 is not the root's file system",
  });
});

test("a menu that starts a kernel that is not there fails", () => {
  const guest = withFile(repaired(), "/boot/grub/grub.cfg", (menu) =>
    menu.replaceAll("vmlinuz-6.1.0-50-amd64", "vmlinuz-5.0"),
  );

  expect(failedChecks(guest)).toEqual({
    "boot-menu": "the menu starts 5.0, which is not installed",
  });
});

test("a file system in fstab that is on no disk fails, unless the boot does not wait for it", () => {
  const guest = (line: string) => withFile(repaired(), "/etc/fstab", (text) => text + line);

  expect(failedChecks(guest("LABEL=usb /media/usb ext4 nofail 0 2\n"))).toEqual({});
  expect(failedChecks(guest("LABEL=usb /media/usb ext4 defaults 0 2\n"))).toEqual({
    "fstab-devices": "LABEL=usb is on no disk",
  });
});

test("the error names the first check that failed", () => {
  const checks = verifyRepair(exampleGuest(), hardware, options);

  expect(() => requireVerified(checks)).toThrow("the check root-device failed");
});
