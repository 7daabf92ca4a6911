#!/bin/sh
# Makes the disks of a bootable server. It runs in a mount namespace of its own, and mounts partitions
# by offset: the kernel lets go of mounts and loop devices by itself, even when this is killed.
# Environment: TREE (the root's tar), FILES (what the root gets on top), SYSTEM_DISK, DATA_DISK (empty:
# none), ROOT_TYPE (ext4, xfs), SYSTEM_MIB, DATA_MIB, PASSWORD, MARKER.
set -eu

root=$(mktemp -d "$SYSTEM_DISK.mount-XXXXXX")
trap 'umount -R "$root"; rmdir "$root"' EXIT
start_mib=1

# partition FILE SIZE_MIB TYPE LABEL [FLAG]: one partition over the whole disk, with a file system.
partition() {
  rm -f "$1" "$1.partition"
  truncate -s "$2M" "$1"
  printf 'label: dos\n%sMiB,,L,%s\n' "$start_mib" "${5:--}" | sfdisk --quiet "$1"

  truncate -s "$(($2 - start_mib))M" "$1.partition"
  case $3 in
    ext4) mkfs.ext4 -q -F -L "$4" "$1.partition" ;;
    xfs) mkfs.xfs -q -f -L "$4" "$1.partition" ;;
  esac
  # Room for the partition table is put in front; where the folder's file system can't, all is copied.
  if fallocate --insert-range --length "${start_mib}MiB" "$1.partition" 2>/dev/null; then
    dd if="$1" of="$1.partition" bs=512 count=1 conv=notrunc status=none
    mv "$1.partition" "$1"
  else
    dd if="$1.partition" of="$1" bs=1M seek="$start_mib" conv=sparse,notrunc status=none
    rm "$1.partition"
  fi
}

mount_partition() {
  mount -o "loop,offset=$((start_mib << 20))" "$1" "$2"
}

in_root() {
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root "$@"
}

# The devices as the server will see them. Its root is /dev/sda1, and grub-mkconfig believes it as long
# as no /proc tells of a loop device, for which it makes no menu.
mount_devices() {
  mount -t tmpfs -o mode=755 devices "$root/dev"
  for name in null zero full random urandom tty; do cp -a "/dev/$name" "$root/dev/"; done
  root_numbers=$(stat -c '%Hr %Lr' "$(findmnt -n -o SOURCE "$root")")
  # shellcheck disable=SC2086 # two words: major and minor
  mknod "$root/dev/sda1" b $root_numbers
}

install_boot_loader() {
  mkdir -p "$root/boot/grub"
  cp -r "$root/usr/lib/grub/i386-pc" "$root/boot/grub/"
  in_root grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -o /boot/grub/i386-pc/core.img \
    biosdisk part_msdos ext2 xfs

  # GRUB's manual, "BIOS installation": boot code before the partition table, the core image behind it.
  dd if="$root/boot/grub/i386-pc/boot.img" of="$SYSTEM_DISK" bs=440 count=1 conv=notrunc status=none
  dd if="$root/boot/grub/i386-pc/core.img" of="$SYSTEM_DISK" bs=512 seek=1 conv=notrunc status=none

  in_root grub-mkconfig -o /boot/grub/grub.cfg 2>&1
  grep -q 'root=/dev/sda1' "$root/boot/grub/grub.cfg"
}

echo "STEP Making file systems"
partition "$SYSTEM_DISK" "$SYSTEM_MIB" "$ROOT_TYPE" root "*"
mount_partition "$SYSTEM_DISK" "$root"

echo "STEP Unpacking Debian"
tar -C "$root" -xf "$TREE"

echo "STEP Configuring the server"
cp -r "$FILES/." "$root/"
chmod 755 "$root/usr/local/sbin/boot-report"
echo source-server >"$root/etc/hostname"
echo "127.0.1.1 source-server" >>"$root/etc/hosts"
echo "nameserver 192.168.50.1" >"$root/etc/resolv.conf"
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
echo "/dev/sda1 / $ROOT_TYPE defaults 0 1" >"$root/etc/fstab"
echo "$MARKER" >"$root/srv/marker"
echo 0 >"$root/srv/changes"
head -c 20M /dev/urandom >"$root/srv/payload.bin"

if [ -n "$DATA_DISK" ]; then
  partition "$DATA_DISK" "$DATA_MIB" ext4 data
  echo "/dev/sdb1 /data ext4 defaults 0 2" >>"$root/etc/fstab"
  mkdir "$root/data"
  mount_partition "$DATA_DISK" "$root/data"
  echo "$MARKER" >"$root/data/marker"
  echo 0 >"$root/data/changes"
  head -c 20M /dev/urandom >"$root/data/payload.bin"
fi

mount_devices
echo "root:$PASSWORD" | in_root chpasswd
in_root ssh-keygen -A >&2
in_root systemctl --quiet enable boot-report.service ssh.service >&2

echo "STEP Making the initramfs"
in_root update-initramfs -c -k "$(ls "$root/lib/modules")" >&2

echo "STEP Installing the boot loader"
install_boot_loader >&2
