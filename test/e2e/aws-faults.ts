import { expect } from "vitest";
import type { Fault } from "../clouds/faults.ts";
import { type AwsSite, inventoryOf } from "./aws-site.ts";

/**
 * A migration there and back is about 155 calls of 29 actions. First it is done without a fault, and
 * every call is written down as an action's first, second, third. Then in ten rounds each of them fails
 * once, a tenth of them in each round.
 */
const rounds = 10;

const nothing = { instances: 0, volumes: 0, snapshots: 0, images: 0, addresses: 0, groups: 0 };
/** While the rehearsal runs: gateway and server; the gateway's root, two replicas, two clones. */
const testing = { instances: 2, volumes: 5, snapshots: 2, images: 0, addresses: 1, groups: 1 };

async function thereAndBack({ operator, serverId, targetId, aws, standalone }: AwsSite) {
  const launch = { kind: "test", repair: false };
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId, launch }));
  const meanwhile = inventoryOf(aws);
  await operator.succeeded(await operator.start(serverId, "revert"));
  await operator.succeeded(await operator.start(serverId, "clean-up"));
  const open: string[] = [];
  for await (const { id } of standalone.deps.store.gateways.all()) {
    for await (const resource of standalone.deps.store.resources.all(id)) {
      if (resource.state !== "gone") open.push(`${resource.kind} ${resource.cloudId}`);
    }
  }
  for await (const resource of standalone.deps.store.resources.all(serverId)) {
    if (resource.state !== "gone") open.push(`${resource.kind} ${resource.cloudId}`);
  }
  return { meanwhile, left: inventoryOf(aws), open };
}

/** @throws where a server does not get there and back, something is made twice, or something is left */
export async function failEachCall(
  site: AwsSite,
  fault: Pick<Fault, "when" | "how">,
): Promise<void> {
  const { calls } = site.aws;
  const from = calls.made.length;
  await thereAndBack(site);
  const numbered = numberByAction(calls.made.slice(from));

  const hit = new Set<string>();
  let made: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = calls.made.length;
    calls.fail(
      ...numbered
        .filter((_, index) => index % rounds === round)
        .map((call) => ({ ...fault, ...call })),
    );

    const seen = await thereAndBack(site);

    calls.recover();
    expect(seen, `${fault.when} ${fault.how}, round ${round}`).toEqual({
      meanwhile: testing,
      left: nothing,
      open: [],
    });
    const calledNow = calls.made.slice(before);
    made = calledNow.map(({ action }) => action);
    for (const { action, outcome } of calledNow) if (outcome === fault.how) hit.add(action);
  }

  // What is asked once in a console's life (the role, the subnet) is known by the first round.
  expect([...hit].sort()).toEqual([...new Set(made)].sort());
}

function numberByAction(calls: readonly { action: string }[]): { action: string; nth: number }[] {
  const counted = new Map<string, number>();
  return calls.map(({ action }) => {
    const nth = (counted.get(action) ?? 0) + 1;
    counted.set(action, nth);
    return { action, nth };
  });
}
