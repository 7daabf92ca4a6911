/** What machines fetch from the console: the gateway's program, packed when it is first asked for. */
import { createReadStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { packDataPlane } from "#dataplane/pack.ts";

export const downloadsPath = "/downloads/";

export interface Downloads {
  /** Packs it the first time, which takes some seconds; `name` goes behind `downloadsPath`. */
  gateway(): Promise<{ name: string; sha256: string }>;
  /** Open to everyone: it holds no secret, and whoever fetches it knows its digest. */
  serve(name: string): Promise<Response>;
}

export function openDownloads(folder: string): Downloads {
  const name = `hypermotion-linux-${process.arch}.tar.gz`;
  const file = join(folder, name);
  let packed: Promise<{ name: string; sha256: string }> | undefined;

  async function pack() {
    await mkdir(folder, { recursive: true });
    const { sha256 } = await packDataPlane(file);
    return { name, sha256 };
  }

  function gateway() {
    packed ??= pack();
    // A failure is not kept: the next call tries again.
    packed.catch(() => {
      packed = undefined;
    });
    return packed;
  }

  return {
    gateway,
    async serve(asked) {
      if (asked !== name) return new Response(null, { status: 404 });
      // After a restart it is packed anew for whoever was told of it before.
      await gateway();
      const { size } = await stat(file);
      const stream = Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
      return new Response(stream, {
        headers: { "content-type": "application/gzip", "content-length": String(size) },
      });
    },
  };
}
