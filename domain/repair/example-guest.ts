/** A Debian guest for tests, as an inspection of the demo's source server tells it, and what acting does to it. */
import { carriedDrivers, interestingDrivers } from "./drivers.ts";
import type { Inspection, RepairKernel } from "./inspection.ts";
import type { RepairAction } from "./plan.ts";

export const rootUuid = "2f1441d2-2e7b-4176-bd02-d57066349039";
export const dataUuid = "4f513105-6d58-41dd-baae-f8ed0c88166a";

export const exampleMenu = `menuentry 'Debian GNU/Linux' {
	search --no-floppy --fs-uuid --set=root ${rootUuid}
	linux	/boot/vmlinuz-6.1.0-50-amd64 root=/dev/sda1 ro quiet
	initrd	/boot/initrd.img-6.1.0-50-amd64
}
`;

export function exampleKernel(version = "6.1.0-50-amd64"): RepairKernel {
  return {
    version,
    builtIn: ["virtio_pci"],
    modules: interestingDrivers.filter((name) => name !== "virtio_pci"),
    inInitramfs: ["ahci", "ata_piix", "sd_mod"],
  };
}

/** Each call gives a new one, with these files instead of or besides the usual ones. */
export function exampleGuest(files: Record<string, string | undefined> = {}): Inspection {
  const all: Record<string, string | undefined> = {
    "/etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "/etc/fstab": "/dev/sda1 / ext4 defaults 0 1\n/dev/sdb1 /data ext4 defaults 0 2\n",
    "/boot/grub/grub.cfg": exampleMenu,
    "/etc/default/grub": 'GRUB_CMDLINE_LINUX=""\nGRUB_DISABLE_LINUX_UUID=true\n',
    "/etc/initramfs-tools/initramfs.conf": "MODULES=list\n",
    "/etc/initramfs-tools/modules": "ahci\nsd_mod\n",
    "/etc/network/interfaces": "auto eth0\niface eth0 inet static\n  address 192.168.50.10/24\n",
    ...files,
  };
  return {
    files: Object.fromEntries(
      Object.entries(all).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])),
    ),
    present: [
      "/usr/sbin/mkinitramfs",
      "/sbin/ifup",
      "/sbin/dhclient",
      "/etc/udev/rules.d/70-persistent-net.rules",
    ],
    kernels: [exampleKernel()],
    disks: [
      {
        name: "sda",
        partitions: [
          {
            number: 1,
            offsetBytes: 1048576,
            sizeBytes: 3 * 1024 ** 3,
            fileSystem: { type: "ext4", uuid: rootUuid, label: "root", partUuid: "1badc0de-01" },
          },
        ],
      },
      {
        name: "sdb",
        partitions: [
          {
            number: 1,
            offsetBytes: 1048576,
            sizeBytes: 512 * 1024 ** 2,
            fileSystem: { type: "ext4", uuid: dataUuid },
          },
        ],
      },
    ],
    root: { disk: 0, partition: 1 },
  };
}

/** What a second inspection would tell after the guest's script did these things. */
export function afterActions(guest: Inspection, actions: readonly RepairAction[]): Inspection {
  const files = { ...guest.files };
  let present = [...guest.present];
  const rebuilt = new Set<string>();
  for (const action of actions) {
    if (action.do === "write-file") files[action.path] = action.content;
    if (action.do === "set-aside") {
      delete files[action.path];
      present = present.filter((path) => path !== action.path);
    }
    if (action.do === "rebuild-initramfs") rebuilt.add(action.kernel);
  }
  const kernels = guest.kernels.map((kernel) =>
    rebuilt.has(kernel.version)
      ? {
          ...kernel,
          inInitramfs: kernel.modules.filter((name) => carriedDrivers.includes(name)),
        }
      : kernel,
  );
  return { ...guest, files, present, kernels };
}
