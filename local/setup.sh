#!/bin/sh
# Brings what the demo and the tests need: npm packages (the right Node among them), and system packages
# through apt. Without root it names the one command to run and goes on: whatever needs the missing
# ones says so by itself. May be run again at any time.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "setup: installing npm packages"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi

# command → Debian package that brings it
missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need qemu-system-x86_64 qemu-system-x86
need qemu-img qemu-utils
need mmdebstrap mmdebstrap
need mcopy mtools
need syslinux syslinux
need cpio cpio
need depmod kmod
need guestfish libguestfs-tools
need sfdisk fdisk
need mkfs.ext4 e2fsprogs
need mkfs.xfs xfsprogs
need mkfs.vfat dosfstools
need mkfs.btrfs btrfs-progs
need mkfs.ntfs ntfs-3g
need partclone.btrfs partclone
need nbdkit nbdkit
need nbdfuse libnbd-bin
need rsync rsync
need curl curl
need wget wget
need ssh-keygen openssh-client
need fusermount3 fuse3
need lsblk util-linux
need script bsdutils
need capsh libcap2-bin
need ip iproute2
need pvs lvm2
need mdadm mdadm
need cryptsetup cryptsetup-bin
need nft nftables
need iptables iptables
need ufw ufw
need keystone-manage python3-keystone
[ -e /usr/share/OVMF/OVMF_CODE_4M.fd ] || missing="$missing ovmf"
# The libguestfs appliance is made from a kernel of Debian's, which a container has not.
command -v supermin >/dev/null 2>&1 && ls /boot/vmlinuz-* >/dev/null 2>&1 || missing="$missing linux-image-amd64"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "setup: not installed, and there is no apt-get here:$missing" >&2
elif [ "$(id -u)" = 0 ]; then
  echo "setup: installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086
  apt-get install -qq -y --no-install-recommends $missing >/dev/null
else
  echo "setup: for the whole of it run: sudo apt-get install -y --no-install-recommends$missing" >&2
fi
