/**
 * What machines fetch from the console: the program of gateway and agent, packed when it is first asked for, and
 * again when a later version of the console is.
 */
import { createReadStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { z } from "zod";
import { findJsonFile, writeJsonFile } from "#dataplane/json-file.ts";
import { packDataPlane, stateOfSources } from "#dataplane/pack.ts";

export const downloadsPath = "/downloads/";

export interface Downloads {
  /** Packs it the first time, which takes some seconds; `name` goes behind `downloadsPath`. */
  dataPlane(): Promise<{ name: string; sha256: string }>;
  /** Open to everyone: it holds no secret, and whoever fetches it knows its digest. */
  serve(name: string): Promise<Response>;
}

/** Beside the file: what it was packed from. */
const packedFrom = z.object({ sources: z.string(), sha256: z.string(), sizeBytes: z.number() });

export function openDownloads(folder: string): Downloads {
  const name = `hypermotion-linux-${process.arch}.tar.gz`;
  const file = join(folder, name);
  let packed: Promise<{ name: string; sha256: string }> | undefined;

  async function pack() {
    await mkdir(folder, { recursive: true });
    const sources = await stateOfSources();
    // One that can't be read is as good as none.
    const known = await findJsonFile(`${file}.json`, packedFrom).catch(() => undefined);
    if (known?.sources === sources && (await sizeOf(file)) === known.sizeBytes) {
      return { name, sha256: known.sha256 };
    }
    const packed = await packDataPlane(file);
    await writeJsonFile(`${file}.json`, { sources, ...packed });
    return { name, sha256: packed.sha256 };
  }

  function dataPlane() {
    packed ??= pack();
    // A failure is not kept: the next call tries again.
    packed.catch(() => {
      packed = undefined;
    });
    return packed;
  }

  return {
    dataPlane,
    async serve(asked) {
      if (asked !== name) return new Response(null, { status: 404 });
      // After a restart it is packed anew for whoever was told of it before.
      await dataPlane();
      const { size } = await stat(file);
      const stream = Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
      return new Response(stream, {
        headers: { "content-type": "application/gzip", "content-length": String(size) },
      });
    },
  };
}

async function sizeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.size;
}
