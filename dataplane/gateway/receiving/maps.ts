import { createHash, randomBytes } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { deviceSize } from "#dataplane/device-size.ts";
import { hashKeyBytes } from "#dataplane/wire/block-hash.ts";
import { maxVolumeBytes, rangeBytes } from "#dataplane/wire/geometry.ts";
import { MigrationError } from "#domain/errors.ts";
import type { Differences, Extent } from "#domain/protocol/facts.ts";
import { BlockMap } from "./block-map.ts";
import { isAllHoles, modifiedAt, volumeError, volumeIdentity } from "./volume-file.ts";

interface Volume {
  volumeId: string;
  sizeBytes: number;
  path: string;
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
   * Makes sure that a map exists which speaks of this very volume, and that the volume is large enough.
   * @returns the key of its hashes
   * @throws `volume.not-attached`, `volume.too-small`, `volume.io`
   */
  async ensure(volume: Volume): Promise<string> {
    try {
      return await this.#ensure(volume);
    } catch (error) {
      throw volumeError(error, volume.volumeId, this.#gatewayId);
    }
  }

  async #ensure({ volumeId, sizeBytes, path }: Volume): Promise<string> {
    const foundBytes = await deviceSize(await stat(path));
    if (foundBytes < sizeBytes || sizeBytes > maxVolumeBytes) {
      throw new MigrationError("volume.too-small", {
        volume: volumeId,
        sizeBytes: foundBytes,
        neededBytes: sizeBytes,
      });
    }
    const identity = await volumeIdentity(path);
    const known = await BlockMap.find(this.pathOf(volumeId));
    if (known !== undefined) {
      const isKept = await keep(known, { volumeId, sizeBytes, path }, identity);
      await known.close();
      if (isKept) return known.head.hashKey;
    }
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const made = await BlockMap.create(this.pathOf(volumeId), {
      volumeId,
      sizeBytes,
      hashKey: randomBytes(hashKeyBytes).toString("hex"),
      startsAsZeros: await isAllHoles(path),
      generation: 0,
      volumeIdentity: identity,
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

/** Whether a map speaks of this volume. One that others wrote to meanwhile is kept, but read anew. */
async function keep(map: BlockMap, volume: Volume, identity: string): Promise<boolean> {
  const { head } = map;
  if (head.volumeId !== volume.volumeId || head.sizeBytes !== volume.sizeBytes) return false;
  if (head.volumeIdentity !== identity) return false;
  if (head.leftAt !== undefined && head.leftAt !== (await modifiedAt(volume.path)))
    await map.distrust();
  await map.setLeftAt(undefined);
  return true;
}
