import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { deviceSize, isReadOnly } from "#dataplane/device-size.ts";
import { hashKeyBytes } from "#dataplane/wire/block-hash.ts";
import { maxVolumeBytes, rangeBytes } from "#dataplane/wire/geometry.ts";
import { MigrationError } from "#domain/errors.ts";
import type { Differences, Extent } from "#domain/protocol/facts.ts";
import { BlockMap, type BlockMapHead } from "./block-map.ts";
import { isAllHoles, modifiedAt, volumeError } from "./volume-file.ts";
import { areOfDifferentNames, identify, swapped, type VolumeIdentity } from "./volume-identity.ts";

interface Volume {
  volumeId: string;
  sizeBytes: number;
  path: string;
  /** By which its device was found; absent when it was found by its place (a path, a LUN). */
  serial?: string | undefined;
}

/** A volume as it was found, and the key of its hashes. */
export interface FoundVolume {
  readonly hashKey: string;
  readonly identity: VolumeIdentity;
}

/** The block maps of a gateway, one file per volume. */
export class BlockMaps {
  readonly #folder: string;
  readonly #gatewayId: string;

  constructor(folder: string, gatewayId: string) {
    this.#folder = folder;
    this.#gatewayId = gatewayId;
  }

  /** Ids come from clouds and may hold anything; a hash is always a file name. */
  pathOf(volumeId: string): string {
    return join(
      this.#folder,
      `${createHash("sha256").update(volumeId).digest("hex").slice(0, 32)}.map`,
    );
  }

  /**
   * Makes sure that a map exists which speaks of this very volume, and that the volume is large enough
   * and can be written. While a session runs its volume must not have been attached anew.
   * @throws `volume.not-attached`, `volume.too-small`, `volume.swapped`, `volume.io`
   */
  async ensure(volume: Volume, isRunning: boolean): Promise<FoundVolume> {
    try {
      const identity = await this.#look(volume);
      return { identity, hashKey: await this.#ensure(volume, identity, isRunning) };
    } catch (error) {
      throw volumeError(error, volume.volumeId, this.#gatewayId);
    }
  }

  /**
   * What a volume is that is only read: as `ensure` finds out, and nothing is changed.
   * @throws `volume.not-attached`, `volume.too-small`, `volume.swapped`, `volume.io`
   */
  async recognize(volume: Volume): Promise<VolumeIdentity> {
    const { volumeId } = volume;
    try {
      const identity = await this.#look(volume);
      const map = await BlockMap.find(this.pathOf(volumeId));
      await map?.close();
      if (map === undefined) return identity;
      const before = map.head.volumeIdentity;
      if (isAnotherFile(before, identity)) throw swapped(volumeId, before, identity);
      // One that may be the same or not shows by what it holds.
      isSurelyKnown(map.head, volume, identity, false);
      return identity;
    } catch (error) {
      throw volumeError(error, volumeId, this.#gatewayId);
    }
  }

  async #look({ volumeId, sizeBytes, path }: Volume): Promise<VolumeIdentity> {
    const file = await open(path, "r+");
    try {
      const stats = await file.stat();
      const foundBytes = await deviceSize(stats);
      if (foundBytes < sizeBytes || sizeBytes > maxVolumeBytes) {
        throw new MigrationError("volume.too-small", {
          volume: volumeId,
          sizeBytes: foundBytes,
          neededBytes: sizeBytes,
        });
      }
      if (await isReadOnly(stats)) throw new Error("it is read-only");
      return await identify(file);
    } finally {
      await file.close();
    }
  }

  async #ensure(volume: Volume, identity: VolumeIdentity, isRunning: boolean): Promise<string> {
    const { volumeId, sizeBytes, path, serial } = volume;
    const known = await BlockMap.find(this.pathOf(volumeId));
    try {
      if (known !== undefined && (await keep(known, volume, identity, isRunning)))
        return known.head.hashKey;
    } finally {
      await known?.close();
    }
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const made = await BlockMap.create(this.pathOf(volumeId), {
      volumeId,
      sizeBytes,
      hashKey: randomBytes(hashKeyBytes).toString("hex"),
      startsAsZeros: await isAllHoles(path),
      generation: 0,
      volumeIdentity: identity,
      serial,
    });
    await made.close();
    return made.head.hashKey;
  }

  /** To be called when a copy is done: nobody but us has a reason to write to the volume from here on. */
  async leave(volume: Volume): Promise<void> {
    const map = await BlockMap.find(this.pathOf(volume.volumeId));
    await map?.setLeftAt(await modifiedAt(volume.path));
    await map?.close();
  }

  async root(volumeId: string): Promise<{ root: string } | { missingRange: number }> {
    const map = await BlockMap.find(this.pathOf(volumeId));
    if (map === undefined) return { missingRange: 0 };
    try {
      return await map.root();
    } finally {
      await map.close();
    }
  }

  /** Ranges with these differences are read anew by whoever asks next; all of them when not all are listed. */
  async distrust(volumeId: string, differences: Differences): Promise<void> {
    if (differences.blocks === 0) return;
    const map = await BlockMap.find(this.pathOf(volumeId));
    if (map === undefined) return;
    try {
      if (differences.extentCount > differences.extents.length) return await map.distrust();
      for (const range of rangesOf(differences.extents)) await map.markOpen(range);
      await map.sync();
    } finally {
      await map.close();
    }
  }

  async forget(volumeId: string): Promise<void> {
    await rm(this.pathOf(volumeId), { force: true });
  }
}

function rangesOf(extents: readonly Extent[]): Set<number> {
  const ranges = new Set<number>();
  for (const { offsetBytes, lengthBytes } of extents) {
    const last = Math.floor((offsetBytes + lengthBytes - 1) / rangeBytes);
    for (let range = Math.floor(offsetBytes / rangeBytes); range <= last; range += 1)
      ranges.add(range);
  }
  return ranges;
}

/**
 * Whether a map speaks of this volume. One that others may have written to meanwhile is kept, but read
 * anew. @throws `volume.swapped`
 */
async function keep(
  map: BlockMap,
  volume: Volume,
  identity: VolumeIdentity,
  isRunning: boolean,
): Promise<boolean> {
  const { head } = map;
  if (head.volumeId !== volume.volumeId || head.sizeBytes !== volume.sizeBytes) return false;
  if (isAnotherFile(head.volumeIdentity, identity)) return false;
  if (!isSurelyKnown(head, volume, identity, isRunning)) await map.distrust();
  else if (head.leftAt !== undefined && head.leftAt !== (await modifiedAt(volume.path)))
    await map.distrust();
  await map.setIdentity(identity, volume.serial);
  await map.setLeftAt(undefined);
  return true;
}

/** A file has no serial that could tell more. */
function isAnotherFile(before: VolumeIdentity, now: VolumeIdentity): boolean {
  if (before.kind !== now.kind) return true;
  return now.kind === "file" && !isDeepStrictEqual(before, now);
}

/**
 * False for a device that was attached anew and may be the same or not: what it holds must be looked at.
 * @throws `volume.swapped` when it is certainly another one
 */
function isSurelyKnown(
  head: BlockMapHead,
  { volumeId, serial }: Volume,
  now: VolumeIdentity,
  isRunning: boolean,
): boolean {
  const before = head.volumeIdentity;
  if (head.serial !== undefined && serial !== undefined) {
    if (head.serial === serial) return true;
    throw new MigrationError("volume.swapped", { volume: volumeId, was: head.serial, is: serial });
  }
  if (before.kind !== "device" || now.kind !== "device") return true;
  if (isDeepStrictEqual(before, now)) return true;
  // Within one start of the machine, one attaching lasts as long as a session does.
  if (areOfDifferentNames(before, now) || (isRunning && before.boot === now.boot))
    throw swapped(volumeId, before, now);
  return false;
}
