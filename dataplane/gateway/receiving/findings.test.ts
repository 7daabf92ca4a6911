import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blockBytes, rangeBytes } from "#dataplane/wire/geometry.ts";
import { Findings, readFindings } from "./findings.ts";

const span = (firstBlock: number, count = 1) => ({ firstBlock, count, written: false });

test("findings outlive a line that was cut short, count the last of a range, and no other pass", async () => {
  const folder = await mkdtemp(join(tmpdir(), "findings-"));
  const path = join(folder, "f.jsonl");
  const first = await Findings.open(path, "one");
  await first.note(1, [span(3), span(9)]);
  await first.close();
  await appendFile(path, '\n{"pass":"one","range":0,"spa');
  const again = await Findings.open(path, "one");
  await again.note(1, [span(3, 2)]);
  await again.note(0, [{ ...span(0), written: true }]);
  await again.close();
  const other = await Findings.open(path, "two");
  await other.note(2, [span(0)]);
  await other.close();

  const found = await readFindings(path, "one", 4 * rangeBytes, 10);

  expect(found).toEqual({
    ...{ blocks: 3, bytes: 3 * blockBytes, extentCount: 2, writtenBlocks: 1 },
    extents: [
      { offsetBytes: 0, lengthBytes: blockBytes, written: true },
      { offsetBytes: rangeBytes + 3 * blockBytes, lengthBytes: 2 * blockBytes, written: false },
    ],
  });
  await rm(folder, { recursive: true });
});
