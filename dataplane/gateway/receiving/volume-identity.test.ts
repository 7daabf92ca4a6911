import { expect, test } from "vitest";
import { areOfDifferentNames, refuseAnother, type VolumeIdentity } from "./volume-identity.ts";

function device(attachment: string, name?: string): VolumeIdentity {
  return { kind: "device", boot: "boot-1", attachment, ...(name === undefined ? {} : { name }) };
}

test("another device under the same name is refused, and both are named", () => {
  const refuse = () =>
    refuseAnother("vol-1", device("disk 7", "serial-a"), device("disk 8", "serial-b"));

  expect(refuse).toThrow(
    expect.objectContaining({
      code: "volume.swapped",
      params: { volume: "vol-1", was: "serial-a (disk 7)", is: "serial-b (disk 8)" },
    }),
  );
});

test("a device that was attached anew is refused even when it has the same name, or none", () => {
  for (const name of ["serial-a", undefined]) {
    expect(() => refuseAnother("v", device("disk 7", name), device("disk 8", name))).toThrow();
    expect(() => refuseAnother("v", device("disk 7", name), device("disk 7", name))).not.toThrow();
  }
});

test("only devices that both say what they are can contradict each other", () => {
  expect(areOfDifferentNames(device("1", "a"), device("2", "b"))).toBe(true);
  expect(areOfDifferentNames(device("1", "a"), device("2", "a"))).toBe(false);
  expect(areOfDifferentNames(device("1", "a"), device("2"))).toBe(false);
  expect(areOfDifferentNames(device("1"), device("2"))).toBe(false);
});
