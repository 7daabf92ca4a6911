import { describe, expect, test } from "vitest";
import {
  describeError,
  type ErrorCode,
  errorFromFacts,
  errorTable,
  exitStatus,
  factsOf,
  MigrationError,
  stepErrorName,
} from "./errors.ts";

const codes = Object.keys(errorTable) as ErrorCode[];
const placeholders = (text: string) =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe.each(codes)("%s", (code) => {
  const { en, zh, exit } = errorTable[code];

  test("speaks of the same facts in both languages", () => {
    const facts = (words: { message: string; hint: string }) =>
      new Set(placeholders(`${words.message} ${words.hint}`));

    expect(facts(zh)).toEqual(facts(en));
  });

  test("says what a person can do, and has an exit status", () => {
    expect(en.hint.length).toBeGreaterThan(10);
    expect(zh.hint).toMatch(/\p{Script=Han}/u);
    expect(exitStatus[exit]).toBeGreaterThan(0);
  });
});

test("an error keeps its facts across a process border", () => {
  const thrown = new MigrationError("volume.too-small", {
    volume: "v1",
    sizeBytes: 1,
    neededBytes: 2,
  });

  const rebuilt = errorFromFacts(JSON.parse(JSON.stringify(factsOf(thrown))));

  expect(rebuilt.message).toBe("Volume v1 has 1 bytes, 2 are needed");
  expect(rebuilt.code).toBe("volume.too-small");
  expect(describeError(rebuilt, "zh").message).toContain("v1");
});

test("an error of a newer version is shown as it is, not swallowed", () => {
  expect(errorFromFacts({ code: "volume.haunted", params: { by: "x" } }).message).toContain(
    "volume.haunted",
  );
  expect(describeError({ code: "volume.haunted" as ErrorCode, params: {} }).message).toBe(
    "volume.haunted",
  );
});

test("state machines wait on what is not ready, retry what may pass, and catch the rest by its code", () => {
  expect(stepErrorName(new MigrationError("not-ready", { what: "a", state: "b" }))).toBe(
    "NotReady",
  );
  expect(stepErrorName(new MigrationError("cloud.throttled", { platform: "aws" }))).toBe(
    "Retryable",
  );
  expect(stepErrorName(new MigrationError("server.not-synced", { server: "s" }))).toBe(
    "server.not-synced",
  );
  expect(stepErrorName(new TypeError("oops"))).toBe("internal.unexpected");
});
