/**
 * Which device a volume became, on platforms whose volumes say nothing of themselves: the one
 * that was not there before. Anything else than exactly one is no answer, since a wrong one would have
 * another server's disk written over.
 */
import { MigrationError } from "./errors.ts";
import type { DeviceHint, DeviceList } from "./protocol/gateway.ts";

type Device = DeviceList["devices"][number];

/**
 * @returns `undefined` while nothing new is there
 * @throws `volume.ambiguous` when it can't be told; `gateway.restarted` when the lists are of two starts
 */
export function deviceByDifference(
  before: DeviceList,
  after: DeviceList,
  wanted: { readonly gateway: string; readonly volume: string; readonly sizeBytes: number },
): DeviceHint | undefined {
  const { gateway, volume, sizeBytes } = wanted;
  if (before.bootId !== after.bootId) throw new MigrationError("gateway.restarted", { gateway });
  const ambiguous = (problem: string) =>
    new MigrationError("volume.ambiguous", { gateway, volume, problem });
  const known = new Set(before.devices.map(keyOf));
  const [device, ...others] = after.devices.filter((found) => !known.has(keyOf(found)));
  if (device === undefined) return undefined;
  if (others.length > 0) {
    const paths = [device, ...others].map(({ path }) => path).sort();
    throw ambiguous(`${paths.join(" and ")} appeared together`);
  }
  if (device.inUse) throw ambiguous(`${device.path} appeared and is in use there`);
  if (device.sizeBytes !== sizeBytes) {
    throw ambiguous(`${device.path} appeared with ${device.sizeBytes} bytes, not ${sizeBytes}`);
  }
  return {
    by: "difference",
    path: device.path,
    bootId: after.bootId,
    sizeBytes: device.sizeBytes,
    ...(device.sequence === undefined ? {} : { sequence: device.sequence }),
  };
}

type Difference = Extract<DeviceHint, { by: "difference" }>;

/**
 * The device that was found so before, if it is still the same.
 * @throws `gateway.lost-devices` after a restart, when names mean other disks;
 *   `volume.ambiguous` when another disk has its name by now; `volume.not-attached`
 */
export function deviceFoundBefore(
  hint: Difference,
  list: DeviceList,
  { gateway, volume }: { readonly gateway: string; readonly volume: string },
): string {
  if (hint.bootId !== list.bootId) {
    throw new MigrationError("gateway.lost-devices", { gateway, volume });
  }
  const device = list.devices.find(({ path }) => path === hint.path);
  if (device === undefined) throw new MigrationError("volume.not-attached", { gateway, volume });
  const isSame =
    device.sizeBytes === hint.sizeBytes && device.sequence === hint.sequence && !device.inUse;
  if (isSame) return device.path;
  const problem = `${hint.path} is another disk than the one that was attached`;
  throw new MigrationError("volume.ambiguous", { gateway, volume, problem });
}

export function isDifference(hint: DeviceHint | undefined): hint is Difference {
  return hint?.by === "difference";
}

function keyOf({ path, sequence }: Device): string {
  return `${path} ${sequence ?? ""}`;
}
