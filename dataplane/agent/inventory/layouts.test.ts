/** What the agent sees on real disks: loop devices with everything the system's own tools can put on them. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inventory as schema } from "#domain/inventory.ts";
import { takeInventory } from "./inventory.ts";
import { type LoopDisks, makeLoopDisks } from "./loop-disks.ts";

const MiB = 1024 ** 2;
const isRoot = process.getuid?.() === 0;
const because = isRoot ? "" : " (skipped: needs root, for loop devices)";
let disks: LoopDisks;

beforeEach(async () => {
  if (isRoot) disks = await makeLoopDisks();
});

afterEach(async () => {
  if (isRoot) await disks.remove();
});

/** As the console will read it. */
async function look(...paths: string[]) {
  const named = paths.map((path, index) => ({
    path,
    role: index === 0 ? ("system" as const) : ("data" as const),
  }));
  const taken = await takeInventory({ disks: named, name: undefined }, "web-1");
  const read = schema.parse(JSON.parse(JSON.stringify(taken)));
  // What is not seen of this system besides is no matter here.
  const isOfDisks = (what: string) => !/firewall|kernel|network|address|distribution/.test(what);
  return { ...read, notSeen: read.notSeen.filter(isOfDisks) };
}

const nameOf = (path: string | undefined) => path?.replace("/dev/", "");

describe.skipIf(!isRoot)(`the agent looks at the server's disks${because}`, () => {
  test("and names the file system of each partition, those that are not moved among them (R-142, R-143)", async () => {
    const disk = await disks.attach(900);
    const sizes = ["40", "40", "40", "320", "130", "20", "20", "20"];
    const partitions = await disks.partition(
      disk,
      `label: gpt\n${sizes.map((size) => `size=${size}MiB`).join("\n")}\n`,
    );
    const kinds = ["ext2", "ext3", "ext4", "xfs", "btrfs", "ntfs", "vfat", "swap"];
    for (const [index, kind] of kinds.entries()) {
      const device = partitions[index] ?? "";
      if (kind === "swap") await disks.run("mkswap", "-q", device);
      else if (kind === "ntfs") await disks.run("mkfs.ntfs", "-qQ", "-L", "C drive", device);
      else if (kind === "vfat") await disks.run("mkfs.vfat", device);
      else await disks.run(`mkfs.${kind}`, "-q", device);
    }

    const { disks: seen, notSeen } = await look(disk);

    expect(seen[0]?.partitions.map(({ fileSystem }) => fileSystem?.type)).toEqual(kinds);
    expect(seen[0]?.partitions[5]?.fileSystem).toMatchObject({ label: "C drive" });
    expect(seen[0]?.partitions.every(({ fileSystem }) => fileSystem?.uuid !== undefined)).toBe(
      true,
    );
    expect(notSeen).toEqual([]);
  });

  test("and how full what is mounted is, as df shows it to ordinary users (R-144)", async () => {
    const disk = await disks.attach(400);
    const [ext4 = "", xfs = ""] = await disks.partition(
      disk,
      "label: dos\nsize=80MiB\nsize=310MiB\n",
    );
    await disks.run("mkfs.ext4", "-q", "-m", "20", ext4);
    await disks.run("mkfs.xfs", "-q", xfs);
    const mounted = [await disks.mount(ext4), await disks.mount(xfs)];
    const [atExt4 = ""] = mounted;
    await writeFile(join(atExt4, "much"), Buffer.alloc(30 * MiB, 1));
    await disks.run("sync", "-f", atExt4);

    const [seen] = (await look(disk)).disks;

    for (const [index, mountPoint] of mounted.entries()) {
      const { blocks, bavail, bsize } = await statfs(mountPoint);
      const fileSystem = seen?.partitions[index]?.fileSystem;
      expect(fileSystem).toMatchObject({ mountPoint, sizeBytes: blocks * bsize });
      expect(fileSystem?.freeBytes).toBe(bavail * bsize);
    }
    // 20 of 80 MiB are root's own, 30 are used.
    expect(seen?.partitions[0]?.fileSystem?.freeBytes).toBeLessThan(34 * MiB);
  });

  test("and that a btrfs is mounted on each of its devices, and an NTFS by its driver in user space", async () => {
    const disk = await disks.attach(400);
    const [first = "", second = "", ntfs = ""] = await disks.partition(
      disk,
      "label: gpt\nsize=150MiB\nsize=150MiB\nsize=40MiB\n",
    );
    await disks.run("mkfs.btrfs", "-q", first, second);
    await disks.run("mkfs.ntfs", "-qQ", ntfs);
    const [atBtrfs, atNtfs] = [await disks.mount(second), await disks.mount(ntfs, "-t", "ntfs-3g")];

    const [seen] = (await look(disk)).disks;

    expect(seen?.partitions).toMatchObject([
      { fileSystem: { type: "btrfs", mountPoint: atBtrfs } },
      { fileSystem: { type: "btrfs", mountPoint: atBtrfs } },
      { fileSystem: { type: "ntfs", mountPoint: atNtfs } },
    ]);
    for (const { fileSystem } of seen?.partitions ?? []) {
      expect(fileSystem?.freeBytes).toBeGreaterThan(20 * MiB);
    }
  });

  test("and which partitions are not mounted, or hold nothing (R-145)", async () => {
    const disk = await disks.attach(100);
    const [first = "", second = ""] = await disks.partition(
      disk,
      "label: gpt\nsize=30MiB\nsize=30MiB\nsize=30MiB\n",
    );
    await disks.run("mkfs.ext4", "-q", first);
    await disks.run("mkfs.ext4", "-q", second);
    const mountPoint = await disks.mount(first);

    const [seen] = (await look(disk)).disks;

    expect(seen?.partitions).toMatchObject([
      {
        number: 1,
        offsetBytes: MiB,
        sizeBytes: 30 * MiB,
        fileSystem: { type: "ext4", mountPoint },
      },
      { number: 2, fileSystem: { type: "ext4" } },
      { number: 3 },
    ]);
    expect(seen?.partitions[1]?.fileSystem).not.toHaveProperty("mountPoint");
    expect(seen?.partitions[2]).not.toHaveProperty("fileSystem");
  });

  test("and a disk without partitions, be it empty or one file system (R-146)", async () => {
    const [empty, whole] = [await disks.attach(20), await disks.attach(20)];
    await disks.run("mkfs.ext4", "-q", whole);
    const mountPoint = await disks.mount(whole);

    const { disks: seen, notSeen } = await look(empty, whole);

    expect(seen).toMatchObject([
      { partitionTable: "none", partitions: [], sizeBytes: 20 * MiB },
      { partitionTable: "none", partitions: [], fileSystem: { type: "ext4", mountPoint } },
    ]);
    expect(seen[0]).not.toHaveProperty("fileSystem");
    expect(notSeen).toEqual([]);
  });

  test("and each volume group with its disks and logical volumes (R-148)", async () => {
    const [disk, whole, other] = [
      await disks.attach(200),
      await disks.attach(100),
      await disks.attach(100),
    ];
    const [first = ""] = await disks.partition(disk, "label: gpt\nsize=150MiB\n");
    // Without device mapper: the metadata is written, the volumes are not activated.
    const lvm = (command: string, ...args: string[]) =>
      disks.run(command, "--driverloaded", "n", ...args);
    const [one, two] = [`hm-one-${process.pid}`, `hm_two_${process.pid}`];
    await lvm("pvcreate", first, whole, other);
    await lvm("vgcreate", one, first, whole);
    await lvm("vgcreate", two, other);
    for (const [group, name] of [
      [one, "root"],
      [one, "data-1"],
      [two, "home"],
    ] as const) {
      await lvm("lvcreate", "-an", "-Zn", "-Wn", "-L", "40M", "-n", name, group);
    }

    const { volumeGroups, disks: seen, notSeen } = await look(disk, whole, other);

    expect(volumeGroups).toHaveLength(2);
    const volume = (name: string) => ({ name, sizeBytes: 40 * MiB });
    expect(volumeGroups).toContainEqual({
      name: one,
      physicalVolumes: [nameOf(first), nameOf(whole)],
      logicalVolumes: [volume("data-1"), volume("root")],
    });
    expect(volumeGroups).toContainEqual({
      name: two,
      physicalVolumes: [nameOf(other)],
      logicalVolumes: [volume("home")],
    });
    expect(seen[0]?.partitions[0]?.fileSystem?.type).toBe("LVM2_member");
    expect(seen[1]?.fileSystem?.type).toBe("LVM2_member");
    expect(notSeen).toContain(`what is on logical volume ${one}/root: it is not active`);

    // Of a group that lies on other disks only, nothing is said.
    expect((await look(other)).volumeGroups?.map(({ name }) => name)).toEqual([two]);
    expect((await look(await disks.attach(4))).volumeGroups).toEqual([]);
  });

  test("and says so where lvm itself does not look at a disk", async () => {
    const disk = await disks.attach(60);
    await disks.run("pvcreate", "--driverloaded", "n", disk);
    const before = process.env.LVM_SYSTEM_DIR;
    const settings = join(disks.folder, "lvm.conf");
    await writeFile(settings, 'devices {\n  filter = [ "r|.*|" ]\n}\n');
    process.env.LVM_SYSTEM_DIR = disks.folder;
    try {
      const { volumeGroups, notSeen } = await look(disk);

      expect(volumeGroups).toEqual([]);
      expect(notSeen).toEqual([
        `the volume group on ${nameOf(disk)}: lvm on this server does not look at it`,
      ]);
    } finally {
      if (before === undefined) delete process.env.LVM_SYSTEM_DIR;
      else process.env.LVM_SYSTEM_DIR = before;
    }
  });

  test("and what is encrypted, on a partition and on a whole disk", async () => {
    const [disk, whole] = [await disks.attach(60), await disks.attach(60)];
    const [first = ""] = await disks.partition(disk, "label: gpt\nsize=40MiB\n");
    const key = join(disks.folder, "key");
    await writeFile(key, "a key");
    const quick = ["--pbkdf-force-iterations", "1000", "--batch-mode"];
    await disks.run("cryptsetup", "luksFormat", "--pbkdf", "pbkdf2", ...quick, first, key);
    await disks.run("cryptsetup", "luksFormat", "--type", "luks1", ...quick, whole, key);

    const { disks: seen } = await look(disk, whole);

    expect(seen[0]?.partitions[0]?.fileSystem?.type).toBe("crypto_LUKS");
    expect(seen[1]?.fileSystem?.type).toBe("crypto_LUKS");
  });

  test("and what changed since it looked before, through the partition's own device", async () => {
    const disk = await disks.attach(60);
    const [first = ""] = await disks.partition(disk, "label: gpt\nsize=40MiB\n");
    await disks.run("mkfs.ext4", "-q", first);
    const holding = await disks.mount(first);
    expect((await look(disk)).disks[0]?.partitions[0]?.fileSystem?.mountPoint).toBe(holding);
    await disks.run("umount", holding);
    disks.atEnd(() => disks.run("mount", first, holding));
    await disks.run("mkfs.ext4", "-q", "-F", "-L", "newer", first);

    expect((await look(disk)).disks[0]?.partitions[0]?.fileSystem).toMatchObject({
      type: "ext4",
      label: "newer",
    });
  });

  test("and names what is mounted over something else, without its figures", async () => {
    const disk = await disks.attach(40);
    await disks.run("mkfs.ext4", "-q", disk);
    const point = await disks.mount(disk);
    await disks.run("mount", "-t", "tmpfs", "hidden", point);
    disks.atEnd(() => disks.run("umount", point));

    const { disks: seen, notSeen } = await look(disk);

    expect(seen[0]?.fileSystem).toMatchObject({ type: "ext4", mountPoint: point });
    expect(seen[0]?.fileSystem).not.toHaveProperty("freeBytes");
    expect(notSeen[0]).toContain("free space of");
  });

  test("without changing one byte of them", async () => {
    const [disk, plain] = [await disks.attach(120), await disks.attach(60)];
    const [first = "", second = ""] = await disks.partition(
      disk,
      "label: dos\nsize=50MiB\nsize=50MiB\n",
    );
    await disks.run("mkfs.ext4", "-q", first);
    await disks.run("pvcreate", "--driverloaded", "n", second);
    await disks.run("vgcreate", "--driverloaded", "n", `hm_same_${process.pid}`, second);
    const before = [await sha256(disk), await sha256(plain)];

    await look(disk, plain);

    expect([await sha256(disk), await sha256(plain)]).toEqual(before);
  });
});

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
