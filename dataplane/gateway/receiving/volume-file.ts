import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { alignedBuffer, directBytes, isAligned } from "#dataplane/wire/aligned-buffer.ts";
import { runBytes } from "#dataplane/wire/geometry.ts";
import { MigrationError } from "#domain/errors.ts";
import { identify, refuseAnother, type VolumeIdentity } from "./volume-identity.ts";

/** When a file was last modified; block devices do not tell. */
export async function modifiedAt(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true });
  return stats.isFile() ? String(stats.mtimeNs) : undefined;
}

/**
 * Whether a volume is certain to read as zeros: a file that has no blocks at all. Synced first, because
 * some file systems count blocks only when they are allocated. Block devices are never certain.
 */
export async function isAllHoles(path: string): Promise<boolean> {
  const file = await open(path, "r+");
  try {
    await file.sync();
    const stats = await file.stat();
    return stats.isFile() && stats.blocks === 0;
  } finally {
    await file.close();
  }
}

/** Copies of what does not lie on a page; as many as are written at once. */
const scratch: Buffer[] = [];
const mostScratch = 8;

/**
 * One volume, opened by one connection. Errors carry the volume's id. Blocks go past the page cache where
 * the file system allows it: copying them there costs more than all the rest of a write, and a gateway's
 * memory is small.
 */
export class VolumeFile {
  readonly identity: VolumeIdentity;
  /** For what is not a whole number of sectors: the end of a disk of an odd size. */
  readonly #writing: FileHandle;
  /** Undefined where there is no such thing. */
  readonly #direct: FileHandle | undefined;
  readonly #reading: FileHandle;
  readonly #volumeId: string;
  readonly #gatewayId: string;
  #syncFailure: MigrationError | undefined;

  private constructor(
    identity: VolumeIdentity,
    writing: FileHandle,
    direct: FileHandle | undefined,
    volumeId: string,
    gatewayId: string,
  ) {
    this.identity = identity;
    this.#writing = writing;
    this.#direct = direct;
    this.#reading = direct ?? writing;
    this.#volumeId = volumeId;
    this.#gatewayId = gatewayId;
  }

  /**
   * With an identity, only that very file or device: another one may have taken the path since.
   * @throws `volume.swapped`, `volume.not-attached`, `volume.io`
   */
  static async open(
    volume: { path: string; volumeId: string; identity?: VolumeIdentity | undefined },
    gatewayId: string,
  ): Promise<VolumeFile> {
    const { path, volumeId, identity } = volume;
    const opened: FileHandle[] = [];
    try {
      const writing = await open(path, "r+");
      opened.push(writing);
      const direct = await openDirect(path);
      if (direct !== undefined) opened.push(direct);
      // Of the descriptors, which stay with what they opened, whatever happens to the path.
      const found = await identify(writing);
      refuseAnother(volumeId, identity ?? found, found);
      if (direct !== undefined) refuseAnother(volumeId, found, await identify(direct));
      return new VolumeFile(found, writing, direct, volumeId, gatewayId);
    } catch (error) {
      for (const file of opened) await file.close();
      throw volumeError(error, volumeId, gatewayId);
    }
  }

  /** At most a run, from a multiple of 4096 on. */
  async write(bytes: Buffer, offsetBytes: number): Promise<void> {
    try {
      const direct = this.#direct;
      const whole = direct === undefined ? 0 : bytes.length - (bytes.length % directBytes);
      if (direct !== undefined && whole > 0) {
        await withAligned(bytes.subarray(0, whole), (aligned) =>
          writeAll(direct, aligned, offsetBytes),
        );
      }
      await writeAll(this.#writing, bytes.subarray(whole), offsetBytes + whole);
    } catch (error) {
      throw this.fault(error);
    }
  }

  /**
   * Reads past the page cache where the file system allows it. The target must be aligned and have
   * room for `lengthBytes` rounded up to whole sectors of 4096.
   */
  async read(target: Buffer, offsetBytes: number, lengthBytes: number): Promise<void> {
    const wanted = Math.ceil(lengthBytes / 4096) * 4096;
    try {
      const { bytesRead } = await this.#reading.read(target, 0, wanted, offsetBytes);
      if (bytesRead < lengthBytes) throw new Error(`it ends at byte ${offsetBytes + bytesRead}`);
    } catch (error) {
      throw this.fault(error);
    }
  }

  /**
   * Fails for good once it has failed: the kernel drops what it could not write and reports that once,
   * so a sync that succeeds later says nothing of what was written before.
   */
  async sync(): Promise<void> {
    try {
      await this.#writing.datasync();
    } catch (error) {
      this.#syncFailure ??= this.fault(error);
    }
    if (this.#syncFailure !== undefined) throw this.#syncFailure;
  }

  /** Anything that went wrong with this volume or its map, as the error that a person can act on. */
  fault(error: unknown): MigrationError {
    return volumeError(error, this.#volumeId, this.#gatewayId);
  }

  async close(): Promise<void> {
    await Promise.all([this.#writing.close(), this.#direct?.close()]);
  }
}

/** O_DIRECT where there is such a thing (not on tmpfs before Linux 6.6, for one). */
async function openDirect(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDWR | constants.O_DIRECT);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EINVAL") return undefined;
    throw error;
  }
}

async function withAligned(bytes: Buffer, work: (aligned: Buffer) => Promise<void>): Promise<void> {
  if (isAligned(bytes)) return work(bytes);
  const memory = scratch.pop() ?? alignedBuffer(runBytes);
  try {
    await work(memory.subarray(0, bytes.copy(memory)));
  } finally {
    if (scratch.length < mostScratch) scratch.push(memory);
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const left = bytes.length - done;
    done += (await file.write(bytes, done, left, offsetBytes + done)).bytesWritten;
  }
}

/** A system error on a volume, as the error that a person can act on. */
export function volumeError(error: unknown, volumeId: string, gatewayId: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new MigrationError(
      "gateway.disk-full",
      { gateway: gatewayId, volume: volumeId },
      { cause: error },
    );
  }
  if (code === "ENOENT" || code === "ENXIO" || code === "ENODEV") {
    return new MigrationError(
      "volume.not-attached",
      { gateway: gatewayId, volume: volumeId },
      { cause: error },
    );
  }
  const problem = error instanceof Error ? error.message : String(error);
  return new MigrationError("volume.io", { volume: volumeId, problem }, { cause: error });
}
