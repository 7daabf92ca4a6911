import { mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDownloads } from "./downloads.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-downloads-"));
});
afterEach(() => rm(folder, { recursive: true }));

const longAgo = new Date("2001-01-01T00:00:00Z");

test("what was packed of the same sources is not packed again by the next console", async () => {
  const first = await openDownloads(folder).dataPlane();
  await utimes(join(folder, first.name), longAgo, longAgo);

  const second = await openDownloads(folder).dataPlane();
  const response = await openDownloads(folder).serve(second.name);

  expect(second).toEqual(first);
  expect(new Date((await statOf(first.name)).mtimeMs)).toEqual(longAgo);
  expect(response.headers.get("content-length")).toBe(String((await statOf(first.name)).size));
  await response.body?.cancel();
});

test("a packed file that is cut short, or of other sources, or of which nothing is known, is packed anew", async () => {
  const first = await openDownloads(folder).dataPlane();
  const record = join(folder, `${first.name}.json`);
  const known = await readFile(record, "utf8");
  const whole = (await statOf(first.name)).size;
  const damages = [
    () => writeFile(join(folder, first.name), "cut short"),
    () => writeFile(record, known.replace(/"sources": "[0-9a-f]{8}/, '"sources": "00000000')),
    () => writeFile(record, known.slice(0, 20)),
  ];
  for (const damage of damages) {
    await damage();
    await utimes(join(folder, first.name), longAgo, longAgo);

    expect(await openDownloads(folder).dataPlane()).toEqual(first);

    expect((await statOf(first.name)).size).toBe(whole);
    expect((await statOf(first.name)).mtimeMs).toBeGreaterThan(longAgo.getTime());
    expect(await readFile(record, "utf8")).toBe(known);
  }
}, 120_000);

const statOf = (name: string) => stat(join(folder, name));
