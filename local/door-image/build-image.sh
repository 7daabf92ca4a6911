#!/bin/sh
# Makes HyperDoor's image: a small disk whose only partition holds a kernel and all the rest as an
# initramfs, started by syslinux where the firmware is a BIOS and by systemd-boot where it is UEFI.
# Environment: IMAGE (the raw disk to make), SYSTEM (of build-system.sh), DOOR (the bundled program of
# dataplane/door), REPAIR (the repair script of Linux guests).
set -eu
here=$(cd "$(dirname "$0")" && pwd)

exec 9>"$IMAGE.lock"
flock 9
[ ! -e "$IMAGE" ] || exit 0

work=$IMAGE.work
rm -rf "$work"
mkdir -p "$work/own/opt/hyperdoor" "$work/own/etc"
install -m 755 "$here/init" "$work/own/init"
install -m 755 "$here/udhcpc.sh" "$work/own/etc/udhcpc.sh"
install -m 644 "$DOOR" "$work/own/opt/hyperdoor/door.mjs"
install -m 755 "$REPAIR" "$work/own/opt/hyperdoor/guest-repair.sh"

# The kernel unpacks one archive after the other. Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst
initrd=$work/initrd.zst
cp "$SYSTEM/system.zst" "$initrd"
(cd "$work/own" && find . -print0 | LC_ALL=C sort -z | cpio -0 -o -H newc -R 0:0 --quiet) |
  zstd -q -9 >>"$initrd"

arguments="console=tty0 console=ttyS0,115200 panic=30"
kib=$((($(stat -c %s "$initrd") + $(stat -c %s "$SYSTEM/vmlinuz")) / 1024 + 24576))
mib=$((kib / 1024 + 1))
disk=$work/disk.raw
truncate -s "$((mib + 1))M" "$disk"
# Type EF is what UEFI looks for; the flag is what the boot code of a BIOS looks for.
printf 'label: dos\n1MiB,,ef,*\n' | sfdisk --quiet "$disk"
dd if="$SYSTEM/mbr.bin" of="$disk" bs=440 count=1 conv=notrunc status=none

export MTOOLS_SKIP_CHECK=1
partition=$disk@@1M
mformat -i "$partition" -F -v HYPERDOOR -T $((mib * 2048)) ::
cat >"$work/syslinux.cfg" <<END
DEFAULT hyperdoor
PROMPT 0
LABEL hyperdoor
 LINUX /vmlinuz
 INITRD /initrd.zst
 APPEND $arguments
END
printf 'default hyperdoor.conf\ntimeout 0\n' >"$work/loader.conf"
printf 'title HyperDoor\nlinux /vmlinuz\ninitrd /initrd.zst\noptions %s\n' "$arguments" \
  >"$work/hyperdoor.conf"
mmd -i "$partition" ::/EFI ::/EFI/BOOT ::/loader ::/loader/entries
mcopy -i "$partition" "$SYSTEM/vmlinuz" "$initrd" "$work/syslinux.cfg" ::/
mcopy -i "$partition" "$SYSTEM/BOOTX64.EFI" ::/EFI/BOOT/
mcopy -i "$partition" "$work/loader.conf" ::/loader/
mcopy -i "$partition" "$work/hyperdoor.conf" ::/loader/entries/
syslinux --install --offset $((1024 * 1024)) "$disk"

mv "$disk" "$IMAGE"
rm -rf "$work"
