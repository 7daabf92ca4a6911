#!/bin/sh
# Changes files on a server's disks as its services would: a log grows, records are rewritten in place,
# a file goes and another comes. Prints how many bytes of files it wrote.
# Environment: SYSTEM_DISK, DATA_DISK (empty: none).
set -eu

folder=$(mktemp -d)
trap 'if mountpoint -q "$folder"; then umount "$folder"; fi; rmdir "$folder"' EXIT
written=0

write() { # FILE KIB [seek in KiB]: random bytes into the file, which keeps its other bytes
  dd if=/dev/urandom of="$1" bs=1K count="$2" seek="${3:-0}" conv=notrunc status=none
  written=$((written + ($2 << 10)))
}

change() { # DISK FOLDER
  mount -o "loop,offset=$((1 << 20))" "$1" "$folder"
  place=$folder/$2
  round=$(($(cat "$place/changes") + 1))
  echo "$round" >"$place/changes"
  written=$((written + 1 + ${#round}))

  [ -e "$place/records.bin" ] || write "$place/records.bin" 8192
  for part in 1 3 5 7; do write "$place/records.bin" 64 $((part * 1024 + round % 8 * 64)); done
  write "$place/upload-$round.bin" 1024
  rm -f "$place/upload-$((round - 1)).bin"
  umount "$folder"
}

change "$SYSTEM_DISK" srv
[ -z "$DATA_DISK" ] || change "$DATA_DISK" .
echo "WRITTEN $written"
