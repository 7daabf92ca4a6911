/**
 * What is built on disks needs a kernel with device mapper and md: the agent itself looks at a small virtual machine,
 * libguestfs', whose disks were laid out by the tools people use.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Inventory, inventory as schema } from "#domain/inventory.ts";
import { accelerator } from "../../gateway/repair/kvm.ts";
import { findLibguestfsObstacle } from "../../gateway/repair/libguestfs.ts";

const run = promisify(execFile);
const MiB = 1024 ** 2;
const because = await findLibguestfsObstacle();
const skipped = because === undefined ? "" : ` (skipped: ${because})`;

/** Disks have names by chance there; they are found by the labels they were given. */
const layout = `
set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec >&2
partition() { sfdisk -q $1; udevadm settle; }
for label in a b c d e f g; do eval "$label=$(readlink -f /dev/disk/guestfs/$label)"; done
again() { for i in 1 2 3 4 5 6 7 8; do "$@" && return; udevadm settle; sleep 1; done; return 1; }

printf 'label: gpt\\nsize=60MiB\\nsize=200MiB\\n' | partition $a
mkfs.ext4 -q -L boot "$a"1
again pvcreate -q "$a"2 $b
vgcreate -q vg0 "$a"2 $b
lvcreate -q -y -L 100M -n root vg0
lvcreate -q -y -L 80M -n swap-1 vg0
lvcreate -q -y -an -L 40M -n asleep vg0
mkfs.ext4 -q /dev/vg0/root
mkswap -q /dev/vg0/swap-1

# udev puts no array together by itself: one that was stopped stays so.
mkdir -p /etc/mdadm
echo 'AUTO -all' | tee /etc/mdadm.conf > /etc/mdadm/mdadm.conf
for disk in $c $d; do printf 'label: dos\\nsize=120MiB,type=fd\\nsize=60MiB,type=fd\\n' | partition $disk; done
mdadm -q --create /dev/md0 --level=1 --raid-devices=2 --metadata=1.2 --run "$c"1 "$d"1
mdadm -q --create /dev/md1 --level=0 --raid-devices=2 --run "$c"2 "$d"2
again mdadm -q --stop /dev/md1
mkfs.ext4 -q /dev/md0

printf 'label: gpt\\nsize=100MiB\\nsize=100MiB\\nsize=20MiB\\n' | partition $e
printf key > /tmp/key
for number in 1 2 3; do
  cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$e"$number /tmp/key
done
for number in 1 2; do cryptsetup open "$e"$number opened-$number --key-file /tmp/key; done
mkfs.ext4 -q /dev/mapper/opened-1
again pvcreate -q /dev/mapper/opened-2
vgcreate -q vg1 /dev/mapper/opened-2
lvcreate -q -y -L 40M -n data vg1
mkfs.ext4 -q /dev/vg1/data

printf 'label: gpt\\nsize=60MiB\\n' | partition $f
mkfs.ext4 -q "$f"1
cp --sparse=always $f $g
for disk in $f $g; do partx -d $disk || true; done
modprobe dm-multipath
modprobe dm-round-robin
size=$(blockdev --getsz $f)
again dmsetup create mpatha --uuid mpath-36001405aabbccdd --table \\
  "0 $size multipath 0 0 1 1 round-robin 0 2 1 $f 1 $g 1"
udevadm settle
# Its partition is made by kpartx, called by udev, where that is installed.
ls /dev/mapper/mpatha?* || dmsetup create mpatha1 --uuid part1-mpath-36001405aabbccdd \\
  --table "0 122880 linear /dev/mapper/mpatha 2048"
udevadm settle

mkdir -p /tmp/on/boot /tmp/on/root /tmp/on/array /tmp/on/opened /tmp/on/data /tmp/on/lun
mount "$a"1 /tmp/on/boot
mount /dev/vg0/root /tmp/on/root
swapon /dev/vg0/swap-1
mount /dev/md0 /tmp/on/array
mount /dev/mapper/opened-1 /tmp/on/opened
mount /dev/vg1/data /tmp/on/data
mount /dev/mapper/mpatha?* /tmp/on/lun
`;

/** The agent's own code in one file, with a Node and its libraries. */
async function packAgent(folder: string): Promise<void> {
  await mkdir(join(folder, "lib"), { recursive: true });
  await build({
    stdin: {
      contents: `import { takeInventory } from "./inventory.ts";
        const taken = await takeInventory({ disks: [], name: undefined }, "guest");
        console.log("inventory " + JSON.stringify(taken));`,
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
      loader: "ts",
    },
    ...{ bundle: true, platform: "node", format: "esm", logLevel: "silent" },
    outfile: join(folder, "look.mjs"),
  });
  await cp(process.execPath, join(folder, "node"));
  const { stdout } = await run("ldd", [process.execPath]);
  for (const [library] of stdout.matchAll(/\/\S+\.so[.\d]*/g)) {
    await cp(library, join(folder, "lib", library.split("/").at(-1) ?? ""), { dereference: true });
  }
  await writeFile(join(folder, "layout.sh"), layout);
}

let folder: string;
let seen: Inventory;

beforeAll(async () => {
  if (because !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), "layers-"));
  const labels = ["a", "b", "c", "d", "e", "f", "g", "tools"];
  for (const label of labels) {
    await writeFile(join(folder, `${label}.img`), "");
    await truncate(join(folder, `${label}.img`), 300 * MiB);
  }
  await packAgent(join(folder, "tools"));
  await run(
    "mke2fs",
    ["-q", "-t", "ext4", "-d", join(folder, "tools"), join(folder, "tools.img")],
    {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    },
  );
  const env = {
    ...process.env,
    LIBGUESTFS_BACKEND: "direct",
    ...((await accelerator(folder)) === "kvm" ? {} : { LIBGUESTFS_BACKEND_SETTINGS: "force_tcg" }),
  };
  const { stdout } = await run(
    "guestfish",
    [
      ...labels.flatMap((label) => [
        ...["add", join(folder, `${label}.img`), "format:raw", `label:${label}`, ":"],
      ]),
      ...["run", ":", "mount-ro", "/dev/disk/guestfs/tools", "/", ":"],
      ...["debug", "sh", "sh /sysroot/layout.sh", ":"],
      ...["debug", "sh", "LD_LIBRARY_PATH=/sysroot/lib /sysroot/node /sysroot/look.mjs"],
    ],
    { env, maxBuffer: 1 << 24 },
  );
  const line = stdout.split("\n").find((text) => text.startsWith("inventory ")) ?? stdout;
  seen = schema.parse(JSON.parse(line.slice("inventory ".length)));
}, 900_000);

afterAll(async () => {
  if (because === undefined) await rm(folder, { recursive: true });
});

/** By its label, which is its serial. */
const disk = (label: string) => seen.disks.find(({ id }) => id === label);
const nameOf = (label: string) => disk(label)?.deviceName;

describe.skipIf(because !== undefined)(
  `the agent looks at what is built on disks${skipped}`,
  () => {
    test("and sees volume groups with their volumes, mounted, swapped to and asleep (R-148)", () => {
      expect(disk("a")?.partitions).toMatchObject([
        { fileSystem: { type: "ext4", label: "boot", mountPoint: "/tmp/on/boot" } },
        { fileSystem: { type: "LVM2_member" } },
      ]);
      expect(seen.volumeGroups).toMatchObject([
        {
          name: "vg0",
          physicalVolumes: expect.arrayContaining([`${nameOf("a")}2`, nameOf("b")]),
          logicalVolumes: [
            { name: "asleep", sizeBytes: 40 * MiB },
            {
              ...{ name: "root", sizeBytes: 100 * MiB },
              fileSystem: { type: "ext4", mountPoint: "/tmp/on/root" },
            },
            { name: "swap-1", sizeBytes: 80 * MiB, fileSystem: { type: "swap" } },
          ],
        },
        {
          name: "vg1",
          // What is encrypted, for what LUKS opens has no name of its own here.
          physicalVolumes: [`${nameOf("e")}2`],
          logicalVolumes: [
            { name: "data", fileSystem: { type: "ext4", mountPoint: "/tmp/on/data" } },
          ],
        },
      ]);
      const root = seen.volumeGroups?.[0]?.logicalVolumes[1]?.fileSystem;
      expect(root?.freeBytes).toBeGreaterThan(50 * MiB);
      expect(seen.notSeen).toContain("what is on logical volume vg0/asleep: it is not active");
    });

    test("and sees arrays with their members, and says which do not run", () => {
      expect(seen.mdArrays).toMatchObject([
        {
          ...{
            name: "md0",
            level: "raid1",
            members: [`${nameOf("c")}1`, `${nameOf("d")}1`].sort(),
          },
          fileSystem: { type: "ext4", mountPoint: "/tmp/on/array" },
        },
      ]);
      expect(seen.mdArrays).toHaveLength(1);
      expect(disk("c")?.partitions).toMatchObject([
        { type: "fd", fileSystem: { type: "linux_raid_member" } },
        { type: "fd", fileSystem: { type: "linux_raid_member" } },
      ]);
      for (const member of [`${nameOf("c")}2`, `${nameOf("d")}2`]) {
        expect(seen.notSeen).toContain(`the array that ${member} is part of: it is not running`);
      }
    });

    test("and sees what LUKS has unlocked, and nothing behind what is locked", () => {
      const [opened, group, locked] = disk("e")?.partitions ?? [];

      expect(opened?.fileSystem).toMatchObject({
        type: "crypto_LUKS",
        unlocked: { type: "ext4", mountPoint: "/tmp/on/opened" },
      });
      expect(group?.fileSystem?.unlocked).toMatchObject({ type: "LVM2_member" });
      expect(locked?.fileSystem).toMatchObject({ type: "crypto_LUKS" });
      expect(locked?.fileSystem).not.toHaveProperty("unlocked");
    });

    test("and sees a multipath disk once, with its partitions, under the LUN's own name (R-147)", () => {
      expect(disk("36001405aabbccdd")).toMatchObject({
        ...{ deviceName: "mpatha", path: "/dev/mapper/mpatha", multipath: true },
        partitionTable: "gpt",
        partitions: [{ number: 1, fileSystem: { type: "ext4", mountPoint: "/tmp/on/lun" } }],
      });
      expect([disk("f"), disk("g")]).toEqual([undefined, undefined]);
      expect(seen.disks.filter(({ multipath }) => multipath)).toHaveLength(1);
    });

    test("and takes the disk with the root for the system disk", () => {
      const [system, ...others] = seen.disks;

      expect(system).toMatchObject({ role: "system", fileSystem: { mountPoint: "/" } });
      expect(others.map(({ id, role }) => `${id} ${role}`).sort()).toEqual([
        ...[
          "36001405aabbccdd data",
          "a data",
          "b data",
          "c data",
          "d data",
          "e data",
          "tools data",
        ],
      ]);
      expect(seen.rawDevices).toEqual([]);
    });
  },
);
