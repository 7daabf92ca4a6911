import { afterEach, beforeEach, expect, test } from "vitest";
import type { ServerDetails } from "#api/servers.ts";
import { openRunningSite, type RunningSite } from "./site.ts";

let site: RunningSite;

beforeEach(async () => {
  site = await openRunningSite();
});

afterEach(() => site.close());

test("the line is measured before the first copy, and a rate below what is recommended is warned of (R-141, X-11)", async () => {
  const { operator, serverId, targetId } = site;
  const told = async () =>
    (
      await operator.call<{ items: { type: string; params: object }[] }>(
        "GET",
        `/v1/events?serverId=${serverId}`,
      )
    ).items;

  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
  const first = await told();
  await operator.call("PATCH", `/v1/servers/${serverId}`, {
    limits: { rateBytesPerSecond: 100_000 },
  });
  await operator.succeeded(await operator.start(serverId, "sync"));
  const both = await told();

  expect(first.map(({ type }) => type)).toEqual(
    expect.arrayContaining(["line.measured", "sync.estimated"]),
  );
  expect(first.filter(({ type }) => type === "line.limited")).toEqual([]);
  expect(both.filter(({ type }) => type === "line.measured")).toHaveLength(1);
  expect(both.find(({ type }) => type === "line.limited")?.params).toEqual({
    ...{ requirement: "R-141", mode: "delta", mbit: 0.8, least: 1 },
  });
  const { replication } = await operator.call<ServerDetails>("GET", `/v1/servers/${serverId}`);
  expect(replication.line?.bitsPerSecond).toBeGreaterThan(0);
  expect(replication.status).toBe("idle");
}, 180_000);
