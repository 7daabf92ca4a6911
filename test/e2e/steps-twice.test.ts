import { afterEach, expect, test } from "vitest";
import { invokeStep } from "#local/steps.ts";
import { changeDisks, copies, openRunningSite, type RunningSite, sha256 } from "./site.ts";

let site: RunningSite;

afterEach(() => site.close());

test("a migration in which every step runs twice ends as one in which each runs once", async () => {
  const ranTwice = new Set<string>();
  site = await openRunningSite({
    // The second answer counts, as after a crash between the first and its being written down.
    async invoke(name, payload) {
      await invokeStep(name, payload);
      const second = await invokeStep(name, payload);
      ranTwice.add(name);
      return second;
    },
  });
  const { operator, serverId, targetId, provider } = site;
  const steps: [string, unknown][] = [
    ["migrate", { targetId }],
    ["sync", {}],
    ["verify", { source: true }],
    ["launch", { kind: "test", repair: false }],
    ["revert", {}],
    ["launch", { kind: "cutover", instanceType: "virtio-scsi", repair: false }],
  ];

  for (const [action, body] of steps) {
    await operator.succeeded(await operator.start(serverId, action, body));
    if (action === "migrate") await changeDisks(site);
  }
  const server = await operator.server(serverId);
  const owned = await provider.listOwned();
  const exact = await Promise.all(
    copies(site, server).map(async ({ disk, volume, sizeBytes }) => {
      return (await sha256(disk)) === (await sha256(volume, sizeBytes));
    }),
  );
  await operator.succeeded(await operator.start(serverId, "clean-up"));
  const left = await provider.listOwned();

  const count = (kind: string, among = owned) =>
    among.filter((found) => found.kind === kind).length;
  expect(server.state).toBe("cut-over");
  expect(exact).toEqual([true, true]);
  expect(count("instance")).toBe(2);
  expect(count("volume")).toBe(4);
  // Three recovery points of two disks: initial, delta, final.
  expect(count("snapshot")).toBe(6);
  expect(count("instance", left)).toBe(1);
  expect(count("volume", left)).toBe(2);
  expect(count("snapshot", left)).toBe(0);
  // All but those that only failures and repairs run.
  expect(ranTwice.size).toBeGreaterThanOrEqual(22);
}, 300_000);
