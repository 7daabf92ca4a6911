import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deviceByDifference, deviceFoundBefore, isDifference } from "./attached-device.ts";
import type { DeviceHint, DeviceList } from "./protocol/gateway.ts";

const wanted = { gateway: "gw-1", volume: "vol-1", sizeBytes: 100 };
type Device = DeviceList["devices"][number];

const disk = (path: string, more: Partial<Device> = {}): Device => ({
  ...{ path, sizeBytes: 100, inUse: false, ...more },
});
const list = (...devices: Device[]): DeviceList => ({ bootId: "boot-1", devices });
const restarted = (...devices: Device[]): DeviceList => ({ bootId: "boot-2", devices });

describe("a volume that says nothing of itself (R-216)", () => {
  const before = list(disk("/dev/vda", { inUse: true }), disk("/dev/vdb"));

  test("is the one device that was not there before", () => {
    const after = list(...before.devices, disk("/dev/vdc", { sequence: "7" }));

    expect(deviceByDifference(before, after, wanted)).toEqual({
      ...{ by: "difference", path: "/dev/vdc", bootId: "boot-1", sizeBytes: 100, sequence: "7" },
    });
  });

  test("is waited for while nothing new is there", () => {
    expect(deviceByDifference(before, before, wanted)).toBeUndefined();
    expect(deviceByDifference(before, list(disk("/dev/vda")), wanted)).toBeUndefined();
  });

  test("under a name that another disk had just before is told by the kernel's number for it", () => {
    const former = list(disk("/dev/vdb", { sequence: "3" }));
    const after = list(disk("/dev/vdb", { sequence: "4" }));

    expect(deviceByDifference(former, after, wanted)).toMatchObject({ sequence: "4" });
  });

  test.each([
    ["two appeared", [disk("/dev/vdc"), disk("/dev/vdd")], /vdc and .*vdd appeared together/],
    ["it has another size", [disk("/dev/vdc", { sizeBytes: 99 })], /99 bytes, not 100/],
    ["it is mounted", [disk("/dev/vdc", { inUse: true })], /in use there/],
  ])("is not guessed when %s", (_what, added, problem) => {
    const after = list(...before.devices, ...added);

    expect(() => deviceByDifference(before, after, wanted)).toThrow(problem);
  });

  test("is not compared over a restart", () => {
    const after = restarted(...before.devices, disk("/dev/vdc"));

    expect(() => deviceByDifference(before, after, wanted)).toThrow(/was restarted/);
  });

  test("is not looked for under its old name after a restart, whatever is there now (X-25 R-212 R-222)", () => {
    const hint = deviceByDifference(list(), list(disk("/dev/vdb")), wanted);
    if (!isDifference(hint)) throw new Error("no hint");

    expect(deviceFoundBefore(hint, list(disk("/dev/vdb")), wanted)).toBe("/dev/vdb");
    expect(() => deviceFoundBefore(hint, restarted(disk("/dev/vdb")), wanted)).toThrow(
      /was restarted/,
    );
    expect(() => deviceFoundBefore(hint, list(disk("/dev/vdc")), wanted)).toThrow(/does not see/);
    for (const other of [{ sizeBytes: 1 }, { sequence: "9" }, { inUse: true }]) {
      expect(() => deviceFoundBefore(hint, list(disk("/dev/vdb", other)), wanted)).toThrow(
        /another disk/,
      );
    }
  });
});

interface Machine {
  boot: number;
  sequence: number;
  /** Letter → what hangs there. */
  disks: Map<number, { volume: string; sequence: number }>;
}

/** Attaches at the first free letter, as virtio does. */
function plug(machine: Machine, volume: string): void {
  let letter = 0;
  while (machine.disks.has(letter)) letter += 1;
  machine.sequence += 1;
  machine.disks.set(letter, { volume, sequence: machine.sequence });
}

function unplug(machine: Machine, volume: string): void {
  for (const [letter, found] of machine.disks) {
    if (found.volume === volume) machine.disks.delete(letter);
  }
}

/** A restart gives the letters anew, in another order. */
function restart(machine: Machine): void {
  const volumes = [...machine.disks.values()].map(({ volume }) => volume).reverse();
  machine.boot += 1;
  machine.sequence = 0;
  machine.disks.clear();
  for (const volume of volumes) plug(machine, volume);
}

function shown({ boot, disks }: Machine, isOldKernel: boolean): DeviceList {
  return {
    bootId: `boot-${boot}`,
    devices: [...disks].map(([letter, { sequence }]) =>
      disk(`/dev/vd${letter}`, isOldKernel ? {} : { sequence: String(sequence) }),
    ),
  };
}

test("whatever is attached, taken off and restarted around it, no volume is ever taken for another (R-216 X-25)", () => {
  const disturbance = fc.array(
    fc.record({
      what: fc.constantFrom("attach", "detach", "restart", "someone else attaches"),
      volume: fc.integer({ min: 0, max: 5 }).map((n) => `vol-${n}`),
    }),
    { maxLength: 30 },
  );
  let mapped = 0;
  let refused = 0;
  fc.assert(
    fc.property(disturbance, fc.boolean(), (steps, isOldKernel) => {
      const machine: Machine = { boot: 1, sequence: 0, disks: new Map() };
      const hints = new Map<string, DeviceHint>();
      const hangs = (volume: string) =>
        [...machine.disks.values()].some((found) => found.volume === volume);

      for (const { what, volume } of steps) {
        if (what === "restart") restart(machine);
        if (what === "detach") {
          unplug(machine, volume);
          // Who detaches forgets the hint: the console does both in one step.
          hints.delete(volume);
        }
        if (what === "attach" && !hangs(volume)) {
          const before = shown(machine, isOldKernel);
          plug(machine, volume);
          const hint = deviceByDifference(before, shown(machine, isOldKernel), wanted);
          if (hint !== undefined) hints.set(volume, hint);
        }
        if (what === "someone else attaches" && !hangs(volume)) {
          const before = shown(machine, isOldKernel);
          plug(machine, volume);
          plug(machine, `stranger-${machine.sequence}`);
          expect(() => deviceByDifference(before, shown(machine, isOldKernel), wanted)).toThrow(
            /appeared together/,
          );
        }

        const now = shown(machine, isOldKernel);
        for (const [name, hint] of hints) {
          if (!isDifference(hint)) throw new Error("no difference");
          let path: string;
          try {
            path = deviceFoundBefore(hint, now, { ...wanted, volume: name });
          } catch {
            refused += 1;
            continue;
          }
          const letter = Number(path.slice("/dev/vd".length));
          expect(machine.disks.get(letter)?.volume).toBe(name);
          mapped += 1;
        }
      }
    }),
    { numRuns: 500 },
  );
  expect(mapped).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(100);
});
