import { afterEach, beforeEach, expect, test } from "vitest";
import { countTransitions } from "#local/demo/moving.ts";
import { changeDisks, copies, openRunningSite, type RunningSite, sha256 } from "./site.ts";

let site: RunningSite;

beforeEach(async () => {
  site = await openRunningSite();
});

afterEach(() => site.close());

async function expectExactCopies(): Promise<void> {
  for (const copy of copies(site, await site.operator.server(site.serverId))) {
    expect(await sha256(copy.volume, copy.sizeBytes), copy.volume).toBe(await sha256(copy.disk));
  }
}

test("a server migrates, is rehearsed, cut over and cleaned up, and nothing is left but what was asked for (S-25)", async () => {
  const { operator, serverId, targetId, provider } = site;
  const state = async () => (await operator.server(serverId)).state;

  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
  expect(await state()).toBe("ready-for-test");
  await expectExactCopies();

  await changeDisks(site);
  await operator.succeeded(await operator.start(serverId, "sync"));
  await expectExactCopies();

  const rehearsal = await operator.start(serverId, "launch", { kind: "test", repair: false });
  expect((await operator.succeeded(rehearsal)).console).toContain("tiny login:");
  expect(await state()).toBe("testing");
  await operator.succeeded(await operator.start(serverId, "accept"));
  expect(await state()).toBe("ready-for-cutover");

  await changeDisks(site);
  await operator.succeeded(
    await operator.start(serverId, "launch", { kind: "cutover", repair: false }),
  );
  expect(await state()).toBe("cut-over");
  await expectExactCopies();

  await operator.succeeded(await operator.start(serverId, "clean-up"));
  const finalized = await operator.server(serverId);
  expect(finalized.state).toBe("finalized");
  const left = await provider.listOwned();
  const [launch] = finalized.launches;
  const others = left.filter(
    ({ id }) => id !== launch?.instanceId && !launch?.volumeIds.includes(id),
  );
  // The launched server, its volumes, and the security group it runs in.
  expect(left).toHaveLength(4);
  expect(others.map(({ kind }) => kind)).toEqual(["security-group"]);
}, 240_000);

test("from precheck to cutover a server takes at most 60 state transitions", async () => {
  const { operator, serverId, targetId } = site;
  const launch = { kind: "cutover", repair: false };

  const run = await operator.succeeded(
    await operator.start(serverId, "migrate", { targetId, launch }),
    240_000,
  );
  const nested = await Promise.all(
    ["gateway", "launch"].map((name) => operator.run(`${run.id}-${name}`)),
  );
  const transitions = [run, ...nested].map(({ history }) => countTransitions(history));

  expect(Math.min(...transitions)).toBeGreaterThan(5);
  expect(transitions.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(60);
}, 300_000);
