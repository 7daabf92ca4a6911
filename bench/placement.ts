/** How long the planner takes for very many servers, with and without room for all of them. */
import { planPlacement, type ServerToPlace } from "#domain/placement.ts";

const rules = {
  ...{ target: "bench", maxSlots: 20, spareSlots: 4, repairsOnGateway: true },
  zones: ["a", "b", "c"],
};

export interface Planned {
  readonly seconds: number;
  readonly gateways: number;
  readonly waiting: number;
}

/** @param maxGateways of the target; too few make most servers wait, each with its reason */
export function planMany(count: number, maxGateways: number): Planned {
  const servers = Array.from({ length: count }, (_, index): ServerToPlace => {
    const volumes = 1 + ((index * 7919) % 12);
    const since = new Date(1_767_225_600_000 + ((index * 31) % count)).toISOString();
    const zone = rules.zones[index % 4];
    return {
      ...{ id: `srv-${index}`, since, volumes, newBytes: volumes },
      ...(zone === undefined ? {} : { zone }),
    };
  });
  const startedAt = performance.now();
  const plan = planPlacement({ ...rules, maxGateways }, [], servers);
  const seconds = (performance.now() - startedAt) / 1000;
  const waiting = [...plan.servers.values()].filter(({ on }) => on !== "gateway").length;
  return { seconds, gateways: plan.gateways.length, waiting };
}
