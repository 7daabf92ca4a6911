import { z } from "zod";
import { chooseGatewayType, gatewayDefaults } from "#domain/gateway-defaults.ts";
import { moneyText } from "#domain/prices.ts";
import type { Target } from "#domain/records.ts";
import { parseRunInput } from "#domain/run-input.ts";
import type { InstanceType } from "#providers/provider.ts";
import type { Deps } from "../../deps.ts";
import { pricesOf } from "../../prices.ts";
import { step } from "../../step.ts";
import { type Probe, probeOf, provePart, skipPart } from "../../target-checks.ts";
import { tell } from "../../tell.ts";

const input = z.object({
  runId: z.string(),
  /** What the execution was started with, by us or by hand. */
  input: z.unknown(),
});
const output = z.object({ targetId: z.string() });

const GiB = 1024 ** 3;

/** What can be asked without making anything: whether the credentials hold, and what a gateway would be. */
export async function checkTarget(request: z.output<typeof input>, deps: Deps) {
  const { runId } = request;
  const { targetId } = parseRunInput("check-target", request.input);
  await deps.store.targets.get(targetId);
  await deps.store.runs.ensure({
    ...{ id: runId, kind: "check-target", targetId, state: "running", input: { targetId } },
  });
  await tellStart(deps, runId, targetId);
  const probe = await probeOf(deps, runId);
  await provePart(deps, runId, "credentials", async () => {
    await probe.provider.check();
    return { words: "answers" };
  });
  await quoteGateway(deps, probe);
  return { targetId };
}

async function tellStart(deps: Deps, runId: string, targetId: string): Promise<void> {
  let isNew = false;
  const { kind } = await deps.store.runs.update(runId, (found) => {
    isNew = found.startTold !== true;
    return isNew ? { ...found, startTold: true } : found;
  });
  if (isNew) await tell(deps, targetId, "run.started", { kind }, runId);
}

async function quoteGateway(deps: Deps, { run, target, provider }: Probe): Promise<void> {
  // Where a gateway has no disk of its own it is no instance.
  if (gatewayDefaults[target.platform].systemDisk.sizeGiB.recommended === 0) {
    return skipPart(deps, run.id, "gateway-size", "size unbought");
  }
  await provePart(deps, run.id, "gateway-size", async () => {
    const { name, vcpus, memoryBytes } = gatewayType(
      target,
      await provider.compute.listInstanceTypes(),
    );
    const { currency = "", gatewayHour } = (await pricesOf(deps, target, run.id, name)) ?? {};
    const size = { type: name, vcpus, memoryGiB: Math.round((memoryBytes / GiB) * 10) / 10 };
    if (gatewayHour === undefined) return { words: "size unpriced", params: size };
    const cost = moneyText({ amount: gatewayHour, currency });
    return { words: "size priced", params: { ...size, cost } };
  });
}

const gatewaySetting = z.object({ gateway: z.object({ instanceType: z.string() }) });

/** As it would be made: by the target's record, else its settings, else the document. */
function gatewayType(target: Target, offered: readonly InstanceType[]): InstanceType {
  const setting = gatewaySetting.safeParse(target.config);
  const asked = target.gatewayInstanceType ?? setting.data?.gateway.instanceType;
  return offered.find(({ name }) => name === asked) ?? chooseGatewayType(target.platform, offered);
}

export const handler = step({ name: "check-target", input, output, run: checkTarget });
