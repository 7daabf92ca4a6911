import { constants, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { deviceSize } from "#dataplane/device-size.ts";
import { MigrationError } from "#domain/errors.ts";

const sectorBytes = 4096;
/** An open disk can still be read after its path is gone: a look now and then notices. */
const checkEveryMs = 1000;

/**
 * Reads one disk of the source, and nothing but reads, past the page cache: what the server's own programs
 * keep there stays, and the kernel keeps a mounted file system's pages apart from the device's own, so a
 * device page that was cached during the last pass would still show the old content in this one.
 */
export class DiskReader {
  readonly #file: FileHandle;
  readonly #diskId: string;
  readonly #path: string;
  readonly #sizeBytes: number;
  readonly #opened: Stats;
  #checkedAtMs = performance.now();

  private constructor(
    file: FileHandle,
    opened: Stats,
    disk: { diskId: string; path: string; sizeBytes: number },
  ) {
    this.#file = file;
    this.#opened = opened;
    this.#diskId = disk.diskId;
    this.#path = disk.path;
    this.#sizeBytes = disk.sizeBytes;
  }

  /** @throws `disk.vanished` or `disk.shrunk` */
  static async open(disk: {
    diskId: string;
    path: string;
    sizeBytes: number;
  }): Promise<DiskReader> {
    try {
      const opened = await stat(disk.path);
      const reader = new DiskReader(await openForReading(disk.path, opened), opened, disk);
      await reader.#checkSize();
      return reader;
    } catch (error) {
      if (error instanceof MigrationError) throw error;
      throw new MigrationError(
        "disk.vanished",
        { disk: disk.diskId, problem: messageOf(error) },
        { cause: error },
      );
    }
  }

  /**
   * Fills `lengthBytes` of the target, which is aligned and has room for whole sectors of 4096.
   * @throws `disk.shrunk`, `disk.vanished` or `disk.unreadable`
   */
  async read(target: Buffer, offsetBytes: number, lengthBytes: number): Promise<void> {
    if (performance.now() - this.#checkedAtMs > checkEveryMs) await this.checkPresent();
    const wanted = Math.ceil(lengthBytes / sectorBytes) * sectorBytes;
    let found: number;
    try {
      found = (await this.#file.read(target, 0, wanted, offsetBytes)).bytesRead;
    } catch {
      await this.checkPresent();
      found = await this.#readInSectors(target, offsetBytes, wanted);
    }
    if (found >= lengthBytes) return;
    await this.checkPresent();
    const problem = `only ${found} of ${lengthBytes} bytes came`;
    throw new MigrationError("disk.unreadable", {
      disk: this.#diskId,
      offsetBytes: offsetBytes + found,
      problem,
    });
  }

  /** After a read failed: finds the sector that is bad, if it still is. */
  async #readInSectors(target: Buffer, offsetBytes: number, wanted: number): Promise<number> {
    for (let at = 0; at < wanted; at += sectorBytes) {
      try {
        const { bytesRead } = await this.#file.read(target, at, sectorBytes, offsetBytes + at);
        if (bytesRead < sectorBytes) return at + bytesRead;
      } catch (error) {
        const params = {
          disk: this.#diskId,
          offsetBytes: offsetBytes + at,
          problem: messageOf(error),
        };
        throw new MigrationError("disk.unreadable", params, { cause: error });
      }
    }
    return wanted;
  }

  /** @throws `disk.vanished` when the path names nothing or something else now, `disk.shrunk` */
  async checkPresent(): Promise<void> {
    this.#checkedAtMs = performance.now();
    let now: Stats;
    try {
      now = await stat(this.#path);
    } catch (error) {
      throw new MigrationError(
        "disk.vanished",
        { disk: this.#diskId, problem: messageOf(error) },
        { cause: error },
      );
    }
    if (now.rdev !== this.#opened.rdev || (now.isFile() && now.ino !== this.#opened.ino)) {
      throw new MigrationError("disk.vanished", {
        disk: this.#diskId,
        problem: `${this.#path} is another disk now`,
      });
    }
    await this.#checkSize();
  }

  async #checkSize(): Promise<void> {
    const isBytes = await deviceSize(await stat(this.#path));
    if (isBytes < this.#sizeBytes) {
      throw new MigrationError("disk.shrunk", {
        disk: this.#diskId,
        isBytes,
        wasBytes: this.#sizeBytes,
      });
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function openForReading(path: string, stats: Stats): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECT);
  } catch (error) {
    // Of a file this says that its file system has no such thing.
    const isRefused = error instanceof Error && "code" in error && error.code === "EINVAL";
    if (isRefused && !stats.isBlockDevice()) return open(path, "r");
    throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
