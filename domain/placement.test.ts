import fc from "fast-check";
import { expect, test } from "vitest";
import {
  freeSlots,
  freeSlotsWhere,
  type GatewayRoom,
  isSlotOf,
  placeServer,
  slotName,
  takeSlots,
} from "./placement.ts";

function gateway(id: string, maxSlots: number, taken: number, by = "srv-other"): GatewayRoom {
  const slots = Object.fromEntries(Array.from({ length: taken }, (_, i) => [`${by}/${i}`, by]));
  return { id, maxSlots, slots };
}
const target = { id: "tgt-1", maxGateways: 2, slotsPerGateway: 4 };

test("a server goes to the fullest gateway that still has room, so that others fall empty", () => {
  const gateways = [gateway("gw-a", 4, 1), gateway("gw-b", 4, 2), gateway("gw-c", 4, 3)];

  const placement = placeServer({ serverId: "srv-1", slots: 2, target, gateways });

  expect(placement).toEqual({ on: "gateway", gatewayId: "gw-b" });
});

test("a server that has slots already stays where it is, however full", () => {
  const gateways = [gateway("gw-a", 4, 4, "srv-1"), gateway("gw-b", 4, 0)];

  expect(placeServer({ serverId: "srv-1", slots: 2, target, gateways })).toEqual({
    on: "gateway",
    gatewayId: "gw-a",
  });
});

test("a new gateway is made only up to the target's limit; then the server waits and is told for what", () => {
  const request = { serverId: "srv-1", slots: 2, target };

  expect(placeServer({ ...request, gateways: [gateway("gw-a", 4, 3)] })).toEqual({
    on: "new gateway",
  });
  expect(
    placeServer({ ...request, gateways: [gateway("gw-a", 4, 3), gateway("gw-b", 4, 4)] }),
  ).toEqual({
    on: "nothing yet",
    reason: "2 slots are needed, the 2 gateways of tgt-1 have 1, 0 free",
  });
});

test("a server with more disks than any gateway holds is refused, not kept waiting", () => {
  expect(() => placeServer({ serverId: "srv-1", slots: 5, target, gateways: [] })).toThrow(
    "Server srv-1 needs 5 volumes on one gateway, target tgt-1 allows 4",
  );
});

test("whatever comes and goes, no gateway holds more than its slots and no server is split", () => {
  const step = fc.record({
    server: fc.integer({ min: 0, max: 7 }).map((n) => `srv-${n}`),
    disks: fc.integer({ min: 1, max: 4 }),
    leaves: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let gateways: GatewayRoom[] = [];
      for (const { server, disks, leaves } of steps) {
        const has = gateways.find((g) => Object.values(g.slots).includes(server));
        const change = (id: string, slots: Record<string, string>) => {
          gateways = gateways.map((g) => (g.id === id ? { ...g, slots } : g));
        };
        if (leaves && has !== undefined)
          change(has.id, freeSlotsWhere(has.slots, isSlotOf(server)));
        if (leaves || has !== undefined) continue;
        const placement = placeServer({ serverId: server, slots: disks, target, gateways });
        if (placement.on === "nothing yet") {
          // Refused only when it is true that no gateway has room.
          expect(gateways.length).toBe(target.maxGateways);
          expect(gateways.every((g) => freeSlots(g) < disks)).toBe(true);
          continue;
        }
        const id = placement.on === "gateway" ? placement.gatewayId : `gw-${gateways.length}`;
        if (placement.on === "new gateway") gateways = [...gateways, gateway(id, 4, 0)];
        const home = gateways.find((g) => g.id === id) as GatewayRoom;
        const slots = takeSlots(
          home,
          Array.from({ length: disks }, (_, i) => slotName(server, `${i}`)),
          server,
        );
        expect(slots).toBeDefined();
        change(id, slots ?? {});
      }

      for (const g of gateways) expect(freeSlots(g)).toBeGreaterThanOrEqual(0);
      const homes = gateways.flatMap((g) => [...new Set(Object.values(g.slots))]);
      expect(new Set(homes).size).toBe(homes.length);
    }),
  );
});

test("taking the same slots again changes nothing", () => {
  const names = [slotName("srv-1", "a"), slotName("srv-1", "b")];
  const slots = takeSlots(gateway("gw-a", 2, 0), names, "srv-1") ?? {};

  expect(takeSlots({ id: "gw-a", maxSlots: 2, slots }, names, "srv-1")).toEqual(slots);
  expect(
    takeSlots({ id: "gw-a", maxSlots: 2, slots }, [slotName("srv-2", "a")], "srv-2"),
  ).toBeUndefined();
});
