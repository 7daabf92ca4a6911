import { MigrationError } from "#domain/errors.ts";
import { BlockMap } from "./block-map.ts";
import { Findings } from "./findings.ts";
import type { LaneVolume } from "./lane-messages.ts";
import { OpenRange } from "./open-range.ts";
import { VolumeFile, volumeError } from "./volume-file.ts";

interface Waiting {
  range: OpenRange;
  durable: () => void;
  failed: (error: unknown) => void;
}

/** One connection's way to one volume: file, block map, and the batches in which both become durable. */
export class VolumeWriter {
  readonly volume: LaneVolume;
  readonly #file: VolumeFile;
  readonly #map: BlockMap;
  /** Of a comparison. */
  readonly #findings: Findings | undefined;
  #waiting: Waiting[] = [];
  #committing: Promise<void> | undefined;
  #distrusted: Promise<void> | undefined;

  private constructor(
    volume: LaneVolume,
    file: VolumeFile,
    map: BlockMap,
    findings: Findings | undefined,
  ) {
    this.volume = volume;
    this.#findings = findings;
    this.#file = file;
    this.#map = map;
  }

  static async open(volume: LaneVolume, gatewayId: string, passId: string): Promise<VolumeWriter> {
    const map = await BlockMap.find(volume.mapPath);
    if (map === undefined) {
      throw new MigrationError("volume.io", {
        volume: volume.volumeId,
        problem: "its block map is gone",
      });
    }
    const { findingsPath } = volume;
    const opened: { close(): Promise<void> }[] = [map];
    try {
      const file = await VolumeFile.open(volume, gatewayId);
      opened.push(file);
      const findings =
        findingsPath === undefined ? undefined : await Findings.open(findingsPath, passId);
      return new VolumeWriter(volume, file, map, findings);
    } catch (error) {
      for (const part of opened) await part.close();
      throw volumeError(error, volume.volumeId, gatewayId);
    }
  }

  openRange(range: number): Promise<OpenRange> {
    const sync = () => this.#syncVolume();
    return this.#asVolumeError(OpenRange.load(this.#file, this.#map, range, sync));
  }

  /** Resolves when the range is on the volume and in the map, both durable; or, of a comparison, what was found. Ranges share syncs. */
  commit(range: OpenRange): Promise<void> {
    if (this.#findings !== undefined)
      return this.#asVolumeError(this.#findings.note(range.range, range.differing));
    if (range.isSealed) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ range, durable: resolve, failed: reject });
    this.#committing ??= this.#commitAll();
    return this.#asVolumeError(promise);
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#syncVolume();
        for (const { range } of batch) await range.seal();
        await this.#map.sync();
        for (const { durable } of batch) durable();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#committing = undefined;
  }

  /**
   * A failure speaks of more than what is waiting here: a disk that loses what it had cached loses what
   * other connections wrote as well, and their next sync succeeds. So nothing of the map is trusted any more.
   */
  async #syncVolume(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      this.#distrusted ??= this.#map.distrust();
      await this.#distrusted;
      throw error;
    }
  }

  /** Waits for the commits under way. */
  async close(): Promise<void> {
    await this.#committing;
    await this.#file.close();
    await this.#map.close();
    await this.#findings?.close();
  }

  /** The map lies on the gateway's own disk, which can be full or broken as well. */
  async #asVolumeError<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#file.fault(error);
    }
  }
}
