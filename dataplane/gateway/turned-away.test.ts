import { expect, test } from "vitest";
import { TurnedAway } from "./turned-away.ts";

test("strangers are told of once in ten seconds for each reason, and the others are counted", () => {
  const lines: object[] = [];
  const keep = (facts: object) => lines.push(facts);
  let nowMs = 0;
  const turnedAway = new TurnedAway({ info: keep, warn: keep, error: keep }, () => nowMs);

  for (let port = 0; port < 1000; port += 1) turnedAway.note(`a:${port}`, "no TLS");
  turnedAway.note("b:1", "no token");
  nowMs = 10_000;
  turnedAway.note("a:1000", "no TLS");

  expect(lines).toEqual([
    { address: "a:0", problem: "no TLS" },
    { address: "b:1", problem: "no token" },
    { address: "a:1000", problem: "no TLS", othersSince: 999 },
  ]);
});
