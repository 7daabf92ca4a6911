import { expect, test } from "vitest";
import { check } from "./check.ts";
import { disk, GiB, server } from "./example-server.ts";
import { severities, thingKinds } from "./finding.ts";
import { describeFinding, findingTable, severityWords } from "./words.ts";

const placeholders = (words: object) =>
  [...new Set([...JSON.stringify(words).matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();

test.each(Object.entries(findingTable))(
  "%s speaks of the same facts in both languages",
  (_, { en, zh }) => {
    expect(placeholders(zh)).toEqual(placeholders(en));
    for (const words of Object.values(zh)) expect(words).toMatch(/\p{Script=Han}|^\{\w+\}$/u);
    for (const words of Object.values(en)) expect(words.length).toBeGreaterThan(3);
  },
);

const [tooLarge] = check({
  inventory: server({ disks: [disk({ sizeBytes: 600 * GiB })] }),
  target: { platform: "aliyun" },
});
const reader = { server: "web-1", target: "prod", platform: "aliyun" } as const;

test("a figure that is outdated today says so, and how it is opened", () => {
  if (tooLarge === undefined) throw new Error("600 GB are too much");

  expect(describeFinding(tooLarge, { ...reader, language: "en" })).toEqual({
    thing: "disk sda",
    seen: "needs a volume of 600 GB",
    allowed: "500 GB for this disk",
    todo:
      "Shrink it at the source before it is migrated. " +
      "Today the platform allows 2048 GB, but for basic cloud disks. " +
      "Or open the limit: hypermotion target limits set prod systemDiskMaxGB <value> --reason <why>",
  });
  const zh = describeFinding(tooLarge, { ...reader, language: "zh" });
  expect(zh).toMatchObject({ thing: "磁盘 sda", seen: "需要 600 GB 的卷" });
  expect(zh.todo).toContain("hypermotion target limits set prod systemDiskMaxGB");
});

test("what can be acknowledged says how, and what was, by whom", () => {
  const inventory = server({ disks: [disk({ sizeBytes: 30 * GiB })] });
  const target = { platform: "kingsoft" } as const;
  const by = {
    row: "R-199",
    targetId: "t",
    reason: "agreed",
    by: "lin",
    at: "2026-01-01T00:00:00Z",
  };
  const words = { ...reader, platform: "kingsoft", language: "en" } as const;

  const [open] = check({ inventory, target });
  const acknowledged = check({ inventory, target, acknowledged: [by] }).find(
    ({ row }) => row === "R-199",
  );

  if (open === undefined || acknowledged === undefined) throw new Error("30 GB are too much");
  expect(describeFinding(open, words).todo).toContain(
    "hypermotion check --server web-1 --target prod --acknowledge R-199 --reason",
  );
  expect(describeFinding(acknowledged, words).todo).toContain(
    "Acknowledged by lin on 2026-01-01T00:00:00Z: agreed",
  );
});

test("what is copied as raw blocks says that no rule of the vendor's was kept", () => {
  const change = { name: "strictSourceRules", value: false, reason: "r", by: "lin", at: "" };
  const inventory = server({ disks: [disk({ partitions: [] })] });

  const [found] = check({ inventory, target: { platform: "aws", changes: [change] } });

  if (found === undefined) throw new Error("a disk without partitions is warned of");
  const { todo } = describeFinding(found, { ...reader, language: "en" });
  expect(todo).toContain("copied as raw blocks, not verified by the vendor's rules");
});

test("a finding of a newer version is shown as it is", () => {
  const newer = {
    ...{ code: "disk.haunted", row: "R-999", severity: "WARN" as const, params: { by: "x" } },
    thing: { kind: "disk" as const, name: "sda" },
  };

  expect(describeFinding(newer, { ...reader, language: "en" })).toMatchObject({
    ...{ thing: "disk sda", seen: "disk.haunted", allowed: '{"by":"x"}' },
  });
});

test("severities and things have words in both languages", () => {
  for (const severity of severities) expect(severityWords[severity].zh).toMatch(/\p{Script=Han}/u);
  for (const kind of thingKinds) {
    const found = {
      ...{ code: "", row: "", severity: "NOTE" as const, params: {} },
      thing: { kind, name: "" },
    };
    expect(describeFinding(found, { ...reader, language: "zh" }).thing).toMatch(/\p{Script=Han}/u);
  }
});
