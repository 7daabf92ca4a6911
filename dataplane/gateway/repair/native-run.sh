#!/bin/sh
# Runs the guest's script in a guest's root, on this machine's kernel. It is started in mount, PID, IPC,
# UTS and network namespaces of its own: when they end, the kernel unmounts and detaches all of it.
#
# Arguments: ACCESS (read, write), then for each partition: DISK OFFSET SIZE TYPE MOUNT_POINT.
# Environment: GUEST_SCRIPT (its text), REPAIR_TASK, REPAIR_MODULES. Standard input: the script's.
#
# What the guest is made of is not trusted. Host programs name only mount points in it, after making
# sure that those are no links; everything else is done by the guest's own programs, that have no
# network, no devices but the harmless ones, and none of root's powers beyond files and processes.
set -eu

# Bytes for one process of the guest's; making an initramfs takes a tenth of it. What all of them take
# together is for the gateway's service to limit (MemoryMax= of its unit).
most_memory=2147483648

access=$1
shift

# A folder that is gone with the namespace.
mount -t tmpfs -o nosuid,nodev,noexec,size=1m,mode=700 repair /run
root=/run/guest
mkdir "$root"
trap 'if mountpoint -q "$root"; then umount -R "$root"; fi' EXIT

require_folder() { # PATH below the root: each part is a folder, not a link to elsewhere
  below=$root
  for part in $(echo "$1" | tr / ' '); do
    below=$below/$part
    if [ -L "$below" ] || [ ! -d "$below" ]; then
      echo "the guest has no folder $1" >&2
      exit 1
    fi
  done
}

mount_partition() { # DISK OFFSET SIZE TYPE AT
  # Device files and set-user-id programs of the guest mean nothing here.
  options=loop,offset=$2,sizelimit=$3,nosuid,nodev
  # Two clones of a volume have the same UUID, which xfs refuses to mount twice.
  if [ "$4" = xfs ]; then options=$options,nouuid; fi

  if [ "$access" = write ]; then
    mount -t "$4" -o "$options" "$1" "$5"
  elif ! mount -t "$4" -o "ro,$options" "$1" "$5"; then
    # A journal to replay makes it refuse a device it can't write to. Only clones are repaired, so it
    # may be replayed; without that, what is read would be old.
    echo "mounting it read-only failed: its journal is replayed" >&2
    mount -t "$4" -o "$options" "$1" "$5"
    mount -o remount,ro,nosuid,nodev "$5"
  fi
}

while [ $# -ge 5 ]; do
  if [ "$5" != / ]; then require_folder "$5"; fi
  mount_partition "$1" "$2" "$3" "$4" "$root${5%/}"
  shift 5
done

for folder in dev proc sys run tmp; do require_folder "$folder"; done
mount -t tmpfs -o nosuid,nodev,noexec,size=64k,mode=755 devices "$root/dev"
for name in null zero full random urandom; do
  : >"$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mount -t proc -o ro,nosuid,nodev,noexec,subset=pid processes "$root/proc"
mount -t tmpfs -o ro,nosuid,nodev,noexec,size=4k nothing "$root/sys"
mount -t tmpfs -o nosuid,nodev,noexec,size=16m,mode=755 run "$root/run"
mount -t tmpfs -o nosuid,nodev,noexec,size=512m,mode=1777 temporary "$root/tmp"

# First all powers but those for files, processes and chroot, then chroot, then that power too: a chroot
# can be left only by one who may chroot, mount or trace.
env -i REPAIR_TASK="$REPAIR_TASK" REPAIR_MODULES="$REPAIR_MODULES" PATH="$PATH" \
  prlimit --as="$most_memory" --core=0 \
  setpriv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+sys_chroot,+setpcap \
  capsh --chroot="$root" --drop=cap_sys_chroot,cap_setpcap --no-new-privs --shell=/bin/sh \
  -- -c "$GUEST_SCRIPT"
