import { afterEach, expect, test } from "vitest";
import { errorFromFacts } from "#domain/errors.ts";
import { invokeStep } from "#local/steps.ts";
import {
  buildSite,
  changeDisks,
  copies,
  openRunningSite,
  type RunningProcess,
  type RunningSite,
  removeSite,
  type Site,
  sha256,
  startAgent,
  until,
} from "./site.ts";

let site: RunningSite;
let other: { folder: Site; agent: RunningProcess } | undefined;

afterEach(async () => {
  await other?.agent.kill("SIGTERM");
  await site.close();
  if (other !== undefined) await removeSite(other.folder);
  other = undefined;
});

const byDifference = { config: { deviceMapping: "difference" } };

async function expectExactCopies(of: Site = site, serverId = site.serverId): Promise<void> {
  const server = await site.operator.server(serverId);
  expect(server.volumes.map(({ device }) => device?.by)).toEqual(["difference", "difference"]);
  for (const copy of copies(of, server)) {
    expect(await sha256(copy.volume, copy.sizeBytes), copy.volume).toBe(await sha256(copy.disk));
  }
}

test("volumes that say nothing of themselves are known by having appeared, two servers at once never mixed up, each step run twice (R-216)", async () => {
  site = await openRunningSite({
    target: byDifference,
    // As after a crash between a step's end and its being written down.
    async invoke(name, payload) {
      await invokeStep(name, payload);
      return invokeStep(name, payload);
    },
  });
  const { operator, serverId, targetId } = site;
  const folder = await buildSite();
  const { code, consoleUrl } = await operator.registrationCode();
  other = { folder, agent: startAgent(folder, { url: consoleUrl }, code) };
  const otherId = await until("both servers to register", async () => {
    return (await operator.servers()).map(({ id }) => id).find((id) => id !== serverId);
  });

  const runs = [
    await operator.start(serverId, "migrate", { targetId }),
    await operator.start(otherId, "migrate", { targetId }),
  ];
  for (const run of runs) await operator.succeeded(run);
  await changeDisks(site);
  await operator.succeeded(await operator.start(serverId, "sync"));

  await expectExactCopies();
  await expectExactCopies(folder, otherId);
  const launch = { kind: "test", repair: false };
  expect(
    (await operator.succeeded(await operator.start(serverId, "launch", launch))).console,
  ).toContain("tiny login:");
}, 240_000);

test("a gateway that was restarted under a copy fails it instead of writing to a wrong disk; the next run attaches anew (X-25 R-212 R-222)", async () => {
  site = await openRunningSite({ target: byDifference });
  const { operator, serverId, targetId, provider, standalone } = site;
  const { gateways } = standalone.deps.store;
  await operator.call("PATCH", `/v1/servers/${serverId}`, {
    limits: { rateBytesPerSecond: 400_000 },
  });
  const run = await operator.start(serverId, "migrate", { targetId });
  await until("the copy to be under way", async () => {
    const { replication } = await operator.server(serverId);
    return replication.status === "initial-sync" && (await operator.run(run)).step === "sync";
  });
  const [gateway] = (await gateways.list()).items;
  if (gateway?.instanceId === undefined) throw new Error("there is no gateway");

  const asked = operator.call("POST", `/v1/gateways/${gateway.id}/restart`);
  await expect(asked).rejects.toMatchObject({
    code: "gateway.restart-refused",
    params: { runs: 1, list: run },
  });
  // Nobody asked us.
  await provider.compute.restartInstance?.(gateway.instanceId);
  const failed = await operator.ended(run, 180_000);

  expect(failed.state).toBe("failed");
  expect(failed.error).toMatchObject({ code: "gateway.lost-devices" });
  await operator.call("PATCH", `/v1/servers/${serverId}`, { limits: { rateBytesPerSecond: 0 } });
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
  await expectExactCopies();

  // With nothing under way a restart is carried out, and the next sync finds its volumes again.
  await operator.call("POST", `/v1/gateways/${gateway.id}/restart`);
  await changeDisks(site);
  const synced = await operator.ended(await operator.start(serverId, "sync"));
  if (synced.error !== undefined) throw errorFromFacts(synced.error);
  await expectExactCopies();
}, 300_000);
