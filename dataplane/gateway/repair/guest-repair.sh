#!/bin/sh
# Driver repair inside a Linux guest's root. It decides nothing: it tells what is there, or does what a
# plan made from that says. It needs no more than a shell, coreutils and the guest's own initramfs tool,
# so the same file runs in a chroot of the gateway, in a libguestfs appliance and in HyperDoor.
#
# Environment:
#   REPAIR_TASK     inspect: change nothing, tell what is there. act: do what the plan says.
#   REPAIR_MODULES  inspect: the kernel modules to look for, names with underscores, by spaces.
#
# Standard input of act, a line for each action, fields by "|":
#   write-file|PATH|BACKUP|CONTENT in base64
#   set-aside|PATH|BACKUP
#   rebuild-initramfs|KERNEL VERSION
#
# Output, fields by "|"; the last line is always "end|":
#   file|PATH|CONTENT in base64    present|PATH    kernel|VERSION
#   built-in|VERSION|MODULES    modules|VERSION|MODULES    in-initramfs|VERSION|MODULES
#   done|NUMBER OF THE PLAN'S LINE    failed|NUMBER OF THE PLAN'S LINE|WORDS
set -u
umask 022
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

largest_file=262144

tell() {
  (
    IFS='|'
    printf '%s\n' "$*"
  )
}

# ---- inspect

tell_files() {
  for path in /etc/os-release /etc/fstab /etc/crypttab /etc/default/grub /boot/grub/grub.cfg \
    /etc/initramfs-tools/initramfs.conf /etc/initramfs-tools/modules /etc/initramfs-tools/conf.d/* \
    /etc/network/interfaces /etc/netplan/*.yaml /etc/systemd/network/*.network; do
    [ -f "$path" ] || continue
    if [ "$(wc -c <"$path")" -le "$largest_file" ]; then
      tell file "$path" "$(base64 <"$path" | tr -d '\n')"
    else
      tell present "$path"
    fi
  done
}

tell_present() {
  for path in /usr/sbin/mkinitramfs /sbin/ifup /sbin/dhclient /usr/sbin/dhclient /sbin/dhcpcd \
    /usr/sbin/dhcpcd /sbin/udhcpc /usr/sbin/udhcpc /lib/systemd/systemd-networkd \
    /boot/grub/device.map /etc/blkid.tab /etc/blkid/blkid.tab /etc/lvm/cache/.cache \
    /etc/lvm/devices/system.devices /etc/udev/rules.d/*persistent-net*.rules \
    /etc/udev/rules.d/*net-by-mac*.rules /etc/systemd/network/*.link; do
    if [ -e "$path" ]; then tell present "$path"; fi
  done
}

# Of paths on standard input: the names of modules that were asked for, by spaces.
wanted_modules() {
  cut -d: -f1 | sed -n 's#^.*/\([^/]*\)\.ko\(\.[a-z0-9]*\)\{0,1\}$#\1#p' | tr - _ | sort -u |
    while read -r name; do
      case " $REPAIR_MODULES " in *" $name "*) printf '%s ' "$name" ;; esac
    done
}

tell_kernels() {
  for image in /boot/vmlinuz-*; do
    version=${image#/boot/vmlinuz-}
    folder=/lib/modules/$version
    [ -f "$image" ] && [ -d "$folder" ] || continue
    tell kernel "$version"
    tell built-in "$version" "$(wanted_modules <"$folder/modules.builtin")"
    tell modules "$version" "$(wanted_modules <"$folder/modules.dep")"
    # Where / is read-only, unpacking needs another place than lsinitramfs' own choice.
    if listing=$(TMPDIR=/tmp lsinitramfs "/boot/initrd.img-$version"); then
      tell in-initramfs "$version" "$(printf '%s\n' "$listing" | wanted_modules)"
    fi
  done
}

# ---- act

# keep PATH BACKUP: the oldest is the source server's own, and is the one to keep.
keep() {
  [ ! -e "$1" ] || [ -e "$2" ] || cp -a "$1" "$2"
}

write_file() { # PATH BACKUP CONTENT
  target=$(readlink -f "$1") || return 1
  mkdir -p "${target%/*}" && keep "$target" "$2" || return 1
  # A copy first, so that mode and owner stay.
  if [ -e "$target" ]; then cp -p "$target" "$target.hypermotion" || return 1; fi
  printf '%s' "$3" | base64 -d >"$target.hypermotion" && mv -f "$target.hypermotion" "$target"
}

set_aside() { # PATH BACKUP
  [ -e "$1" ] || return 0
  keep "$1" "$2" && rm -f "$1"
}

# Not update-initramfs: a guest may have switched that off, and its hooks are about running systems.
rebuild_initramfs() { # VERSION
  image=/boot/initrd.img-$1
  mkinitramfs -o "$image.hypermotion" "$1" && mv -f "$image.hypermotion" "$image" && return 0
  rm -f "$image.hypermotion"
  return 1
}

act() {
  number=0
  while IFS='|' read -r action first second third; do
    case $action in
      write-file) write_file "$first" "$second" "$third" ;;
      set-aside) set_aside "$first" "$second" ;;
      rebuild-initramfs) rebuild_initramfs "$first" ;;
      *) false ;;
    esac </dev/null >&2
    status=$?
    if [ "$status" -ne 0 ]; then
      tell failed "$number" "$action ended with $status"
      return
    fi
    tell "done" "$number"
    number=$((number + 1))
  done
  sync
}

case $REPAIR_TASK in
  inspect)
    tell_files
    tell_present
    tell_kernels
    ;;
  act) act ;;
esac
tell end ""
