import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { documentLimits } from "#domain/limits/effective.ts";
import { limitTables } from "#domain/limits/tables.ts";
import type { Target } from "#domain/records.ts";
import { openProvider } from "#providers/registry.ts";
import { hyperDoorSettingsOf } from "./hyperdoor.ts";
import { allowedTypes } from "./limits.ts";

const MiB = 1024 ** 2;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-limits-"));
});

afterEach(() => rm(folder, { recursive: true }));

/** A target all of whose instance types have this memory. */
const withMemory = (memoryBytes: number) =>
  openProvider("local", {
    config: { folder, server: { memoryBytes } },
    ...{ secrets: {}, consoleId: "hm-test" },
  });

test("a type of less than 2 GB launches no server by HyperDoor, on any platform (R-178, R-200, R-205)", async () => {
  const small = await withMemory(2047 * MiB);
  const enough = await withMemory(2048 * MiB);

  for (const table of [limitTables.tencent, limitTables.openstack, limitTables.ucloud]) {
    const limits = documentLimits(table);
    expect(await allowedTypes(small, limits, "hyperDoorCopy")).toEqual([]);
  }
  const local = documentLimits(limitTables.local);
  expect(await allowedTypes(enough, local, "hyperDoorCopy")).not.toEqual([]);
  expect(await allowedTypes(small, local, "bootFromVolume")).not.toEqual([]);
});

test("a target without HyperDoor's image is named, with what to do", () => {
  const target = { name: "shanghai", config: { region: "cn-sh2" } } as unknown as Target;

  expect(() => hyperDoorSettingsOf(target)).toThrow(
    expect.objectContaining({
      code: "hyperdoor.no-image",
      hint: expect.stringContaining("--set hyperDoor.image="),
    }),
  );
  expect(hyperDoorSettingsOf({ ...target, config: { hyperDoor: { image: "uimage-1" } } })).toEqual({
    image: "uimage-1",
  });
});
