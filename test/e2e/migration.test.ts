import { afterEach, beforeEach, expect, test } from "vitest";
import { type Standalone, startStandalone } from "#local/standalone.ts";
import {
  buildSite,
  changeDisks,
  copies,
  Operator,
  type RunningProcess,
  removeSite,
  type Site,
  sha256,
  startAgent,
  until,
} from "./site.ts";

let site: Site;
let standalone: Standalone;
let operator: Operator;
let agent: RunningProcess | undefined;
let serverId: string;
let targetId: string;

beforeEach(async () => {
  site = await buildSite();
  standalone = await startStandalone({
    dataFolder: `${site.folder}/console`,
    port: 0,
    machinesPort: 0,
  });
  operator = new Operator(() => standalone.url);
  await operator.login(standalone.newPassword?.user ?? "", standalone.newPassword?.password ?? "");
  targetId = await operator.addLocalTarget(site);
  const { code, consoleUrl } = await operator.registrationCode();
  agent = startAgent(site, { url: consoleUrl }, code);
  const server = await until("the server to register", async () => (await operator.servers())[0]);
  serverId = server.id;
});

afterEach(async () => {
  await agent?.kill("SIGTERM");
  // Whatever a failed test left must not outlive it.
  const target = await standalone.deps.store.targets.get(targetId);
  const provider = await standalone.deps.providerFor(target, "test");
  for (const { kind, id } of await provider.listOwned()) {
    if (kind === "instance") await provider.compute.deleteInstance(id);
  }
  await standalone.close();
  await removeSite(site);
});

async function expectExactCopies(): Promise<void> {
  for (const { disk, volume, sizeBytes } of copies(site, await operator.server(serverId))) {
    expect(await sha256(volume, sizeBytes), volume).toBe(await sha256(disk));
  }
}

test("a server migrates, is rehearsed, cut over and cleaned up, and nothing is left but what was asked for", async () => {
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
  expect((await operator.server(serverId)).state).toBe("ready-for-test");
  await expectExactCopies();

  await changeDisks(site);
  await operator.succeeded(await operator.start(serverId, "sync"));
  await expectExactCopies();

  const rehearsal = await operator.start(serverId, "launch", { kind: "test", repair: false });
  expect((await operator.succeeded(rehearsal)).console).toContain("tiny login:");
  expect((await operator.server(serverId)).state).toBe("testing");
  await operator.succeeded(await operator.start(serverId, "accept"));
  expect((await operator.server(serverId)).state).toBe("ready-for-cutover");

  await changeDisks(site);
  await operator.succeeded(
    await operator.start(serverId, "launch", { kind: "cutover", repair: false }),
  );
  const cutOver = await operator.server(serverId);
  expect(cutOver.state).toBe("cut-over");
  await expectExactCopies();

  await operator.succeeded(await operator.start(serverId, "clean-up"));
  const finalized = await operator.server(serverId);
  expect(finalized.state).toBe("finalized");
  const target = await standalone.deps.store.targets.get(targetId);
  const provider = await standalone.deps.providerFor(target, "test");
  const left = await provider.listOwned();
  const [launch] = finalized.launches;
  const kinds = left.filter(
    ({ id }) => id !== launch?.instanceId && !launch?.volumeIds.includes(id),
  );
  // The launched server, its volumes, and the security group it runs in.
  expect(left).toHaveLength(4);
  expect(kinds.map(({ kind }) => kind)).toEqual(["security-group"]);
}, 180_000);
