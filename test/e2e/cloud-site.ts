/**
 * A whole site whose target is a cloud: console and agent as users run them, the cloud's fake on
 * loopback, whose gateways and launched servers are real.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Standalone, startStandalone } from "#local/standalone.ts";
import type { Provider } from "#providers/provider.ts";
import type { FakeCloud } from "../clouds/fake-cloud.ts";
import { type Machines, openMachines } from "../clouds/machines.ts";
import {
  buildSite,
  downloadsFolder,
  Operator,
  type RunningProcess,
  removeSite,
  type Site,
  startAgent,
  until,
} from "./site.ts";

/** The fakes are quicker than their clouds; what looks whether they are done looks more often, too. */
const haste = 5;

export interface CloudSite<Cloud extends FakeCloud = FakeCloud> extends Site {
  readonly standalone: Standalone;
  readonly operator: Operator;
  readonly agent: RunningProcess;
  readonly serverId: string;
  readonly targetId: string;
  readonly cloud: Cloud;
  readonly machines: Machines;
  readonly provider: Provider;
  close(): Promise<void>;
}

/** @param config settings beside those of the fake's own target */
export async function openCloudSite<Cloud extends FakeCloud>(
  startCloud: (machines: Machines) => Promise<Cloud>,
  config: Record<string, unknown> = {},
): Promise<CloudSite<Cloud>> {
  const site = await buildSite();
  const machines = await openMachines(site.targetFolder);
  const cloud = await startCloud(machines);
  const standalone = await startStandalone({
    dataFolder: join(site.folder, "console"),
    port: 0,
    machinesPort: 0,
    downloadsFolder,
    sleep: (ms) => sleep(ms / haste),
    random: () => Math.random() / haste,
  });
  const operator = new Operator(() => standalone.url);
  await operator.login(standalone.newPassword?.user ?? "", standalone.newPassword?.password ?? "");
  const { platform, credentials } = cloud.target;
  const { id: targetId } = await operator.call<{ id: string }>("POST", "/v1/targets", {
    name: platform,
    platform,
    config: { ...cloud.target.config, ...config },
    credentials,
  });
  // The site's disks hold no partitions, and what little they do is no file system.
  await operator.call("PUT", `/v1/targets/${targetId}/limits/strictSourceRules`, {
    value: false,
    reason: "disks of a test",
  });
  const provider = await standalone.deps.providerFor(
    await standalone.deps.store.targets.get(targetId),
    "test",
  );
  const { code, consoleUrl } = await operator.registrationCode();
  const agent = startAgent(site, { url: consoleUrl }, code);
  const server = await until("the server to register", async () => (await operator.servers())[0]);
  return {
    ...site,
    ...{ standalone, operator, agent, targetId, serverId: server.id, cloud, machines, provider },
    async close() {
      await agent.kill("SIGTERM");
      await standalone.close();
      await cloud.close();
      await machines.close();
      await removeSite(site);
    },
  };
}
