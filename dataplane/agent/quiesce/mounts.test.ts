import { describe, expect, it } from "vitest";
import { canFreeze } from "./mounts.ts";

describe("mounted file systems", () => {
  it("can be frozen when their driver can, and something may write to them", () => {
    const mount = {
      mountPoint: "/",
      device: "8:1",
      root: "/",
      type: "ext4",
      source: "/dev/sda1",
      readOnly: false,
    };

    expect(canFreeze(mount)).toBe(true);
    expect(canFreeze({ ...mount, type: "vfat" })).toBe(false);
    expect(canFreeze({ ...mount, readOnly: true })).toBe(false);
  });
});
