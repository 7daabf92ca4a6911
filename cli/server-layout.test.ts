import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { ServerDetails } from "#api/servers.ts";
import type { Inventory } from "#domain/inventory.ts";
import { createOutput } from "./output.ts";
import { layoutTable, networkTable, restLines, systemLine } from "./server-layout.ts";
import { speaker } from "./words.ts";

const [MiB, GiB] = [1024 ** 2, 1024 ** 3];
const place = { offsetBytes: MiB, type: "83", bootable: false };

const inventory: Inventory = {
  hostName: "web-1",
  os: {
    ...{ family: "linux", distribution: "debian", version: "12" },
    ...{ name: "Debian GNU/Linux 12 (bookworm)", kernel: "6.1.0-13-amd64" },
  },
  ...{ firmware: "uefi", architecture: "x86_64", cpus: 4, memoryBytes: 8 * GiB },
  disks: [
    {
      ...{ id: "1", path: "/dev/sda", deviceName: "sda", sizeBytes: 20 * GiB },
      ...{ logicalSectorBytes: 512, role: "system", partitionTable: "gpt" },
      partitions: [
        {
          ...{ ...place, number: 1, sizeBytes: 512 * MiB },
          fileSystem: {
            ...{ type: "vfat", label: "EFI", mountPoint: "/boot/efi" },
            ...{ sizeBytes: 500 * MiB, freeBytes: 495 * MiB },
          },
        },
        {
          ...{ ...place, number: 2, sizeBytes: 15 * GiB },
          fileSystem: {
            type: "crypto_LUKS",
            unlocked: { type: "xfs", mountPoint: "/", sizeBytes: 15 * GiB, freeBytes: 3 * GiB },
          },
        },
        { ...place, number: 3, sizeBytes: GiB },
      ],
    },
    {
      ...{ id: "2", path: "/dev/nvme0n1", deviceName: "nvme0n1", sizeBytes: 100 * GiB },
      ...{ logicalSectorBytes: 512, role: "data", partitionTable: "mbr", multipath: true },
      partitions: [
        { ...place, number: 1, sizeBytes: 90 * GiB, type: "5" },
        { ...place, number: 5, sizeBytes: 89 * GiB, fileSystem: { type: "LVM2_member" } },
      ],
    },
    {
      ...{ id: "3", path: "/dev/sdc", deviceName: "sdc", sizeBytes: GiB },
      ...{ logicalSectorBytes: 512, role: "data", partitionTable: "none", partitions: [] },
    },
  ],
  nics: [
    {
      ...{ name: "eth0", mac: "52:54:00:00:00:01", dhcp: true },
      addresses: ["192.0.2.7/24", "2001:db8::7/64"],
    },
    { name: "eth1", mac: "52:54:00:00:00:02", addresses: ["198.51.100.7/24"], dhcp: false },
    { name: "eth2", mac: "52:54:00:00:00:03", addresses: [] },
  ],
  volumeGroups: [
    {
      ...{ name: "vg0", physicalVolumes: ["nvme0n1p5", "sdd"] },
      logicalVolumes: [
        {
          ...{ name: "data", sizeBytes: 80 * GiB },
          fileSystem: {
            ...{ type: "ext4", mountPoint: "/data" },
            ...{ sizeBytes: 80 * GiB, freeBytes: 7.99 * GiB },
          },
        },
        { name: "swap", sizeBytes: GiB, fileSystem: { type: "swap" } },
      ],
    },
  ],
  mdArrays: [
    {
      ...{ name: "md0", level: "raid1", members: ["sde1", "sdf1"] },
      fileSystem: { type: "ext3", mountPoint: "/srv" },
    },
  ],
  openings: { ssh: true },
  kernels: ["6.1.0-13-amd64", "6.1.0-10-amd64"],
  initramfsTools: ["initramfs-tools"],
  rawDevices: ["sdg1"],
  notSeen: ["what is on \u001b[31m/dev/sdz: no permission"],
};
const volumes: ServerDetails["volumes"] = [
  {
    ...{ diskId: "1", deviceName: "sda", role: "system", volumeId: "vol-1" },
    ...{ diskBytes: 20 * GiB, sizeBytes: 20 * GiB },
  },
];

/** As `server show` prints it. */
function shown(language: "en" | "zh", what: Inventory = inventory): string {
  const say = speaker(language);
  const stdout = new PassThrough();
  const out = createOutput({ stdout, stderr: new PassThrough() }, false);
  out.line(systemLine(say, what));
  for (const { headings, rows } of [
    layoutTable(say, { inventory: what, volumes }),
    networkTable(say, what),
  ]) {
    out.table(headings, rows);
  }
  for (const line of restLines(say, what)) out.line(line);
  return String(stdout.read());
}

test("a server is shown with its disks, what lies on them, its network, its firewall and its kernels", () => {
  expect(shown("en")).toBe(`\
Debian GNU/Linux 12 (bookworm), Linux 6.1.0-13-amd64, x86_64, UEFI, CPUs: 4, memory: 8.0 GiB
DEVICE       SIZE      CONTENT                         MOUNTED AT  FREE           VOLUME
sda          20.0 GiB  system disk, GPT                                           vol-1
  sda1       512 MiB   vfat "EFI"                      /boot/efi   495 MiB (99%)
  sda2       15.0 GiB  crypto_LUKS → xfs               /           3.0 GiB (20%)
  sda3       1.0 GiB   nothing known
nvme0n1      100 GiB   data disk, multipath, MBR
  nvme0n1p1  90.0 GiB  extended partition
  nvme0n1p5  89.0 GiB  LVM2_member
sdc          1.0 GiB   data disk, no partitions
md0                    raid1 of sde1, sdf1: ext3       /srv
vg0                    volume group on nvme0n1p5, sdd
  data       80.0 GiB  ext4                            /data       8.0 GiB (9%)
  swap       1.0 GiB   swap
INTERFACE  MAC                ADDRESS                       BY
eth0       52:54:00:00:00:01  192.0.2.7/24, 2001:db8::7/64  DHCP
eth1       52:54:00:00:00:02  198.51.100.7/24               static
eth2       52:54:00:00:00:03  -                             -
Its firewall: SSH (TCP 22) open, RDP (TCP 3389) not known
Kernels: 6.1.0-13-amd64, 6.1.0-10-amd64
Initramfs by: initramfs-tools
Raw devices: sdg1
Not seen: what is on /dev/sdz: no permission
`);
});

test("in Chinese as well, in columns that line up", () => {
  expect(shown("zh")).toBe(`\
Debian GNU/Linux 12 (bookworm), Linux 6.1.0-13-amd64, x86_64, UEFI, CPU：4, 内存：8.0 GiB
设备         大小      内容                       挂载点     空闲           卷
sda          20.0 GiB  系统盘, GPT                                          vol-1
  sda1       512 MiB   vfat "EFI"                 /boot/efi  495 MiB (99%)
  sda2       15.0 GiB  crypto_LUKS → xfs          /          3.0 GiB (20%)
  sda3       1.0 GiB   无已知内容
nvme0n1      100 GiB   数据盘, 多路径, MBR
  nvme0n1p1  90.0 GiB  扩展分区
  nvme0n1p5  89.0 GiB  LVM2_member
sdc          1.0 GiB   数据盘, 未分区
md0                    raid1（sde1, sdf1）：ext3  /srv
vg0                    卷组（nvme0n1p5, sdd）
  data       80.0 GiB  ext4                       /data      8.0 GiB (9%)
  swap       1.0 GiB   swap
网络接口  MAC                地址                          获取方式
eth0      52:54:00:00:00:01  192.0.2.7/24, 2001:db8::7/64  DHCP
eth1      52:54:00:00:00:02  198.51.100.7/24               静态
eth2      52:54:00:00:00:03  -                             -
本机防火墙：SSH (TCP 22) 开放, RDP (TCP 3389) 未知
内核：6.1.0-13-amd64, 6.1.0-10-amd64
initramfs 工具：initramfs-tools
裸设备：sdg1
未能查看：what is on /dev/sdz: no permission
`);
});

test("what is not known is told, and of what there is none nothing is said", () => {
  const {
    volumeGroups: _groups,
    mdArrays: _arrays,
    rawDevices: _raw,
    openings: _open,
    ...untold
  } = inventory;
  const { kernels: _kernels, ...less } = untold;

  expect(restLines(speaker("en"), { ...less, initramfsTools: [], notSeen: [] })).toEqual([
    "Its firewall: SSH (TCP 22) not known, RDP (TCP 3389) not known",
    "Kernels: not known",
    "Raw devices: not known",
    "Volume groups: not known",
    "RAID arrays: not known",
  ]);
  const empty = { volumeGroups: [], mdArrays: [], rawDevices: [], kernels: [], initramfsTools: [] };
  expect(
    restLines(speaker("en"), {
      ...{ ...less, ...empty, notSeen: [] },
      openings: { ssh: false, remoteDesktop: true },
    }),
  ).toEqual(["Its firewall: SSH (TCP 22) closed, RDP (TCP 3389) open"]);
});
