/**
 * A whole site whose target is AWS: console and agent as users run them, the fake EC2 on loopback, whose
 * gateways and launched servers are real.
 */
import { join } from "node:path";
import { type Standalone, startStandalone } from "#local/standalone.ts";
import type { Provider } from "#providers/provider.ts";
import { type FakeAws, type FakeAwsOptions, startFakeAws } from "../clouds/aws/fake-aws.ts";
import { type Machines, openMachines } from "../clouds/machines.ts";
import {
  buildSite,
  Operator,
  type RunningProcess,
  removeSite,
  type Site,
  startAgent,
  until,
} from "./site.ts";

export interface AwsSite extends Site {
  readonly standalone: Standalone;
  readonly operator: Operator;
  readonly agent: RunningProcess;
  readonly serverId: string;
  readonly targetId: string;
  readonly aws: FakeAws;
  readonly machines: Machines;
  readonly provider: Provider;
  close(): Promise<void>;
}

export async function openAwsSite(
  options: { config?: Record<string, unknown>; aws?: Omit<FakeAwsOptions, "machines"> } = {},
): Promise<AwsSite> {
  const site = await buildSite();
  const machines = await openMachines(site.targetFolder);
  const aws = await startFakeAws({ machines, ...options.aws });
  const standalone = await startStandalone({
    dataFolder: join(site.folder, "console"),
    port: 0,
    machinesPort: 0,
  });
  const operator = new Operator(() => standalone.url);
  await operator.login(standalone.newPassword?.user ?? "", standalone.newPassword?.password ?? "");
  const { id: targetId } = await operator.call<{ id: string }>("POST", "/v1/targets", {
    name: "aws",
    platform: "aws",
    config: {
      region: aws.account.region,
      subnetId: aws.account.subnetId,
      endpoints: { ec2: aws.url, sts: aws.url },
      lostAnswerMs: 500,
      ...options.config,
    },
    credentials: { ...aws.keys, roleArn: aws.role.arn, externalId: aws.role.externalId },
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
    ...{ standalone, operator, agent, targetId, serverId: server.id, aws, machines, provider },
    async close() {
      await agent.kill("SIGTERM");
      await standalone.close();
      await aws.close();
      await machines.close();
      await removeSite(site);
    },
  };
}

/** What the account holds beside what was there before, by kind; terminated instances are gone. */
export function inventoryOf({ account }: FakeAws): Record<string, number> {
  const there = [...account.instances.values()].filter(
    ({ state }) => state !== "terminated" && state !== "shutting-down",
  );
  return {
    instances: there.length,
    volumes: account.volumes.size,
    snapshots: account.snapshots.size,
    images: [...account.images.values()].filter(({ owner }) => owner === account.accountId).length,
    addresses: account.addresses.size,
    groups: account.groups.size,
  };
}
