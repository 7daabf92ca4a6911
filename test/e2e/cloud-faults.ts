/** A server's way into a cloud and back, while the cloud's calls fail. */
import { expect } from "vitest";
import type { Inventory } from "../clouds/fake-cloud.ts";
import type { Fault } from "../clouds/faults.ts";
import type { CloudSite } from "./cloud-site.ts";

const nothing: Inventory = {
  instances: 0,
  volumes: 0,
  snapshots: 0,
  images: 0,
  addresses: 0,
  groups: 0,
};

async function thereAndBack({ operator, serverId, targetId, cloud, standalone }: CloudSite) {
  const launch = { kind: "test", repair: false };
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId, launch }));
  const meanwhile = cloud.inventory();
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
  return { meanwhile, left: cloud.inventory(), open };
}

/**
 * Goes there and back without a fault first, and every call is written down as an action's first,
 * second, third. Then in some rounds each of them fails once, an even part of them in each round.
 * @param testing what the account holds while the rehearsal runs
 * @throws where a server does not get there and back, something is made twice, or something is left
 */
export async function failEachCall(
  site: CloudSite,
  fault: Pick<Fault, "when" | "how">,
  { testing, rounds }: { testing: Inventory; rounds: number },
): Promise<void> {
  const { calls } = site.cloud;
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

  // What is asked once in a console's life is known by the first round, and not asked in the last.
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
