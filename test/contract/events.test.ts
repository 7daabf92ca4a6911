import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { eventTable } from "#domain/events.ts";

const page = readFileSync(new URL("../../docs/events.md", import.meta.url), "utf8");

/** Rows of the table of types: type → its parameters. */
const described = new Map(
  [...page.matchAll(/^\| `([a-z.-]+)` +\|([^|]*)\|/gm)].map(([, type = "", params = ""]) => [
    type,
    [...params.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name).sort(),
  ]),
);

test("docs/events.md tells of every event, with the parameters its words use", () => {
  expect([...described.keys()].sort()).toEqual(Object.keys(eventTable).sort());
  for (const [type, { en, zh }] of Object.entries(eventTable)) {
    const used = (words: string) =>
      [...new Set([...words.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name))].sort();
    expect(used(zh), type).toEqual(used(en));
    expect(described.get(type), type).toEqual(expect.arrayContaining(used(en)));
  }
});

test("every event is told by someone", () => {
  const root = new URL("../../", import.meta.url).pathname;
  const code = globSync("functions/**/*.ts", { cwd: root })
    .filter((name) => !name.endsWith(".test.ts"))
    .map((name) => readFileSync(`${root}${name}`, "utf8"))
    .join("\n");

  const silent = Object.keys(eventTable).filter((type) => !code.includes(`"${type}"`));

  expect(code.length).toBeGreaterThan(100_000);
  expect(silent).toEqual([]);
});
