import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { findJsonFile, writeJsonFile } from "./json-file.ts";

let folder: string;
const schema = z.object({ count: z.number() });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "json-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("a JSON file", () => {
  it("is read as it was written, with nothing left beside it and for its owner only", async () => {
    const path = join(folder, "deeper", "state.json");

    await writeJsonFile(path, { count: 1 });
    await writeJsonFile(path, { count: 2 });

    expect(await findJsonFile(path, schema)).toEqual({ count: 2 });
    expect(await readdir(join(folder, "deeper"))).toEqual(["state.json"]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("that is missing is no error", async () => {
    expect(await findJsonFile(join(folder, "none.json"), schema)).toBeUndefined();
  });

  it.each(["", "{", '{"count": "two"}'])("that holds %j is refused by name", async (text) => {
    const path = join(folder, "state.json");
    await writeFile(path, text);

    await expect(findJsonFile(path, schema)).rejects.toMatchObject({
      code: "state.damaged",
      params: { file: path },
    });
  });
});
