import { expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import type { Inventory } from "#domain/inventory.ts";
import type { AgentEvent } from "../events.ts";
import { isSame, watchInventory } from "./watch.ts";

const GiB = 1024 ** 3;

function inventoryWith(freeBytes: number, more: Partial<Inventory> = {}): Inventory {
  return {
    hostName: "web-1",
    os: { family: "linux" },
    firmware: "bios",
    architecture: "x86_64",
    disks: [
      {
        ...{ id: "1", path: "/dev/sda", deviceName: "sda", sizeBytes: 100 * GiB },
        ...{ logicalSectorBytes: 512, role: "system", partitionTable: "none", partitions: [] },
        fileSystem: { type: "ext4", mountPoint: "/", sizeBytes: 100 * GiB, freeBytes },
      },
    ],
    nics: [],
    notSeen: [],
    ...more,
  };
}

/** A watch that looks as often as there is something in `found`, and what it told. */
async function watch(
  found: (Inventory | Error)[],
  tell: (inventory: Inventory) => void = () => undefined,
  mayLook: (round: number) => boolean = () => true,
) {
  const ending = new AbortController();
  const told: Inventory[] = [];
  const said: AgentEvent[] = [];
  let round = 0;
  const { run, current } = watchInventory({
    first: inventoryWith(50 * GiB),
    async take() {
      const next = found.shift();
      if (found.length === 0) ending.abort();
      if (next === undefined || next instanceof Error) throw next ?? new Error("asked too often");
      return next;
    },
    async tell(inventory) {
      tell(inventory);
      told.push(inventory);
    },
    everyMs: 1,
    mayLook: () => mayLook(round++),
    say: (event) => said.push(event),
  });
  await run(ending.signal);
  return { told, said, current: current() };
}

test("the console is told when something changed, and not of every byte that was written", async () => {
  const opened = inventoryWith(50 * GiB, { openings: { ssh: true } });
  const emptied = inventoryWith(60 * GiB, { openings: { ssh: true } });

  const { told, current } = await watch([
    inventoryWith(50 * GiB + 4096),
    opened,
    opened,
    emptied,
    emptied,
  ]);

  expect(told).toEqual([opened, emptied]);
  expect(current).toEqual(emptied);
});

test("what a console that was away missed is told when it is back", async () => {
  const opened = inventoryWith(50 * GiB, { openings: { ssh: true } });
  let isAway = true;

  const { told } = await watch([opened, opened, opened], () => {
    if (!isAway) return;
    isAway = false;
    throw new MigrationError("console.unreachable", { address: "console", problem: "gone" });
  });

  expect(told).toEqual([opened]);
});

test("a server that can't be looked at is told once, and what was known stays", async () => {
  const gone = new MigrationError("input.invalid", {
    where: "--disk",
    problem: "/dev/sdb is gone",
  });

  const { told, said, current } = await watch([gone, gone, gone]);

  expect(said).toMatchObject([
    { event: "note", text: expect.stringContaining("/dev/sdb is gone") },
  ]);
  expect(told).toEqual([]);
  expect(current).toEqual(inventoryWith(50 * GiB));
});

test("nothing is looked at while file systems are frozen", async () => {
  let isFrozen = true;
  const looked: boolean[] = [];
  const found = [inventoryWith(10 * GiB), inventoryWith(10 * GiB)];

  await watch(
    found,
    () => looked.push(isFrozen),
    (round) => {
      isFrozen = round < 5;
      return !isFrozen;
    },
  );

  expect(looked).toEqual([false]);
});

test("free space is the same within a hundredth, and everything else only if equal", () => {
  expect(isSame(inventoryWith(50 * GiB), inventoryWith(50.4 * GiB))).toBe(true);
  expect(isSame(inventoryWith(50 * GiB), inventoryWith(48 * GiB))).toBe(false);
  expect(isSame(inventoryWith(50 * GiB), inventoryWith(50 * GiB, { kernels: [] }))).toBe(false);
});
