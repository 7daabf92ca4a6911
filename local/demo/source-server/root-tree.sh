#!/bin/sh
# Makes the root tree of a Debian server as a tar, once; every disk is then made from it in seconds.
# Environment: TREE (the tar to make), SUITE, MIRROR, PACKAGES (by commas).
#
# It holds no initramfs, no boot loader, no keys and no password: those are each disk's own.
set -eu

# Two builders at once: the second waits for the first and finds the tree made.
exec 9>"$TREE.lock"
flock 9
[ ! -e "$TREE" ] || exit 0

# What a killed builder left.
rm -rf "$TREE.work"
mkdir -p "$TREE.work"

echo "STEP Installing Debian $SUITE from $MIRROR (once; about a minute)"

# An initramfs is not made here: it would be made again for each disk, with other drivers.
TMPDIR=$TREE.work mmdebstrap --mode=root --variant=minbase --components=main --include="$PACKAGES" \
  --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt=force-confold --dpkgopt=force-confdef \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --essential-hook='mkdir -p "$1/etc/initramfs-tools"' \
  --essential-hook='echo update_initramfs=no >"$1/etc/initramfs-tools/update-initramfs.conf"' \
  --essential-hook='echo "grub-pc grub-pc/install_devices_empty boolean true" | chroot "$1" debconf-set-selections' \
  --customize-hook='printf "update_initramfs=yes\nbackup_initramfs=no\n" >"$1/etc/initramfs-tools/update-initramfs.conf"' \
  --customize-hook='rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/machine-id"' \
  "$SUITE" "$TREE.work/tree.tar" "$MIRROR" >&2

mv "$TREE.work/tree.tar" "$TREE"
rm -rf "$TREE.work"
