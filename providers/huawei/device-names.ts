/**
 * Where a disk hangs on a KVM server: /dev/vda is the system disk, 23 more letters are data disks'. The guest may
 * see others; it tells volumes by their serial. Source: ECS API reference, AttachServerVolume, device.
 */
export const systemDevice = "/dev/vda";

const dataDevices = Array.from("bcdefghijklmnopqrstuvwx", (letter) => `/dev/vd${letter}`);

/** `/dev/sdb` and `/dev/vdb` are one place: Huawei corrects the one to the other. */
const place = (name: string) => name.replace(/^\/dev\/(vd|sd|xvd)/, "");

/** @returns undefined when all are taken, or where the cloud may choose */
export function freeDeviceName(taken: readonly string[]): string | undefined {
  const used = new Set(taken.map(place));
  return dataDevices.find((name) => !used.has(place(name)));
}
