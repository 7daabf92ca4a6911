#!/bin/sh
# Makes what HyperDoor is of without our own program, once: kernel, initramfs and boot loaders.
# Environment: SYSTEM (the folder to make), SUITE, MIRROR, NODE (its program).
set -eu

# Two builders at once: the second waits for the first and finds it made.
exec 9>"$SYSTEM.lock"
flock 9
[ ! -e "$SYSTEM" ] || exit 0

work=$SYSTEM.work
rm -rf "$work"
mkdir -p "$work/root"
packages=$work/packages
root=$work/root

echo "STEP Unpacking packages of Debian $SUITE from $MIRROR (once; about a minute)"
# Nothing is installed or run: of what comes along only a small part is taken.
TMPDIR=$work mmdebstrap --mode=root --variant=extract --components=main \
  --include=linux-image-amd64,kmod,busybox-static,libstdc++6,openssh-server,systemd-boot-efi,syslinux-common \
  --aptopt='APT::Install-Recommends "false"' \
  "$SUITE" "$packages" "$MIRROR" >&2

echo "STEP Making the system that lives in memory"
# take FILE…: with the directories that lead to it.
take() {
  for file in "$@"; do (cd "$packages" && cp -a --parents "./${file#/}" "$root/"); done
}

# libraries PROGRAM: what it is linked with, links followed.
libraries() {
  chroot "$packages" /lib64/ld-linux-x86-64.so.2 --list "$1" |
    sed -n -e 's/.*=> \(\/[^ ]*\).*/\1/p' -e 's/^[[:space:]]*\(\/lib64[^ ]*\).*/\1/p'
}

program() {
  take "$1"
  for library in $(libraries "$1"); do
    mkdir -p "$root/$(dirname "$library")"
    cp -L "$packages/$library" "$root/$library"
  done
}

mkdir -p "$root/bin" "$root/sbin" "$root/usr/bin" "$root/usr/sbin" "$root/etc/ssh" "$root/dev" \
  "$root/proc" "$root/sys" "$root/mnt" "$root/opt/hyperdoor" "$root/run/sshd" "$root/var/empty"
cp -L "$packages/bin/busybox" "$root/bin/busybox"
for name in $("$root/bin/busybox" --list); do
  [ -e "$root/bin/$name" ] || ln -s busybox "$root/bin/$name"
done
program /usr/sbin/sshd
program /usr/bin/ssh-keygen
cp "$NODE" "$packages/node"
program /node
mv "$root/node" "$root/opt/hyperdoor/node"
# How users and hosts are looked up: by files and DNS.
take /lib/x86_64-linux-gnu/libnss_files.so.2 /lib/x86_64-linux-gnu/libnss_dns.so.2 \
  /lib/x86_64-linux-gnu/libresolv.so.2
printf 'root:x:0:0:root:/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
printf 'root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n' >"$root/etc/shadow"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
printf '127.0.0.1 localhost hyperdoor\n' >"$root/etc/hosts"
printf '/bin/sh\n' >"$root/etc/shells"

# Drivers of the disks and networks that machines of clouds have, and what reads config drives.
version=$(ls "$packages/lib/modules")
depmod -b "$packages" "$version"
for module in \
  virtio_pci virtio_mmio virtio_blk virtio_scsi virtio_net virtio_rng nvme ahci ata_piix ata_generic \
  sd_mod sr_mod sg xen-blkfront xen-netfront hv_vmbus hv_storvsc hv_netvsc pci-hyperv vmw_pvscsi \
  vmxnet3 mptspi mptsas mpt3sas megaraid_sas e1000 e1000e igb igbvf ixgbevf iavf mlx4_en mlx5_core ena \
  gve 8139cp 8139too r8169 usb-storage xhci-pci ehci-pci uhci-hcd qemu_fw_cfg vfat isofs nls_cp437 \
  nls_ascii nls_iso8859-1 af_packet ext4 xfs btrfs; do
  modprobe -d "$packages" -S "$version" --show-depends "$module" 2>/dev/null || true
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u >"$work/modules"
while read -r file; do take "${file#"$packages"}"; done <"$work/modules"
take "/lib/modules/$version/modules.order" "/lib/modules/$version/modules.builtin" \
  "/lib/modules/$version/modules.builtin.modinfo"
depmod -b "$root" "$version"
program /bin/kmod
for name in modprobe insmod lsmod rmmod depmod; do ln -sf ../bin/kmod "$root/sbin/$name"; done
rm -f "$root/bin/modprobe" "$root/bin/insmod" "$root/bin/lsmod" "$root/bin/rmmod" "$root/bin/depmod"
chmod 700 "$root/var/empty"
chown -R 0:0 "$root"

echo "STEP Packing it"
made=$work/made
mkdir "$made"
(cd "$root" && find . -print0 | LC_ALL=C sort -z | cpio -0 -o -H newc --quiet) |
  zstd -q -9 -T0 >"$made/system.zst"
cp -L "$packages/boot/vmlinuz-$version" "$made/vmlinuz"
cp "$packages/usr/lib/syslinux/mbr/mbr.bin" "$made/"
cp "$packages/usr/lib/systemd/boot/efi/systemd-bootx64.efi" "$made/BOOTX64.EFI"

mv "$made" "$SYSTEM"
rm -rf "$work"
