/**
 * Which guests driver repair knows. LVM, btrfs, UEFI, dracut and other distributions come in here: a
 * name in a list, and its rules in a file beside (as `initramfs-tools.ts` and `grub.ts` are).
 */
export const known = {
  /** `ID` in os-release. */
  distributions: ["debian", "ubuntu"],
  /** The program that makes an initramfs, and what we call its family. */
  initramfsTools: { "/usr/sbin/mkinitramfs": "initramfs-tools" },
  /** The boot loader's configuration, and what we call it. */
  bootLoaders: { "/boot/grub/grub.cfg": "grub" },
  /** Of `/`, on a plain partition. */
  rootFileSystems: ["ext4", "xfs"],
  /** Mount points that may have a partition of their own while the initramfs is made. */
  mountPoints: ["/boot", "/var"],
  firmware: ["bios"],
} as const;

/** The same for people, as errors say it. */
export const knownGuests =
  "Debian and Ubuntu with initramfs-tools and GRUB, BIOS boot, root on an ext4 or xfs partition";
