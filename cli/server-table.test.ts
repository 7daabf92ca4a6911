import { expect, test } from "vitest";
import type { ServerView } from "#api/servers.ts";
import { noLimits } from "#domain/copy-limits.ts";
import { bottlenecks } from "#domain/server.ts";
import { serverRow } from "./server-table.ts";
import { speaker } from "./words.ts";

function serverHeldUpBy(bottleneck: (typeof bottlenecks)[number], paused = false): ServerView {
  return {
    ...{ id: "srv-1", name: "web-1", state: "replicating", connected: true, agentVersion: "1" },
    ...{ lastSeenAt: "", createdAt: "", launches: [], next: [] },
    limits: { ...noLimits, paused },
    replication: {
      ...{ status: "initial-sync", totalBytes: 100, doneBytes: 40, bottleneck },
      ...(paused ? { rateBytesPerSecond: 0 } : { rateBytesPerSecond: 1024, etaSeconds: 90 }),
    },
  };
}

test("a copy under way says what holds it up, in both languages", () => {
  const row = (language: "en" | "zh") => serverRow(speaker(language), serverHeldUpBy("line"));

  expect(row("en")).toContain(
    "initial-sync 40% 1.0 KiB/s 1m30s, held up by the line to the gateway",
  );
  expect(row("zh")[4]).toContain("瓶颈：到网关的线路");
});

test("every bottleneck has words, and a paused copy says no more than that", () => {
  const say = speaker("en");
  for (const name of bottlenecks) {
    const copy = serverRow(say, serverHeldUpBy(name))[4];
    if (name === "unknown") expect(copy).not.toContain("held up");
    else expect(copy).toMatch(/, held up by (the|its) \w+/);
  }
  expect(serverRow(say, serverHeldUpBy("limit", true))[4]).toBe("paused 40%");
});
