import { describe, expect, it } from "vitest";
import { parseAgentOptions, parseDisk } from "./options.ts";

const fingerprint = "ab".repeat(32);
const secret = "x".repeat(24);

describe("the agent's options", () => {
  it("a code that begins with a dash is a code", () => {
    const { code } = parseAgentOptions(["--code", `-${secret}.${fingerprint}`, "--json"], true);

    expect(code).toEqual({ text: `-${secret}.${fingerprint}`, fingerprint });
  });

  it("a code without a fingerprint leaves the certificate to the authorities", () => {
    expect(parseAgentOptions(["--code", secret], true).code).toEqual({ text: secret });
  });

  it("a code that can't be one is refused before anything is sent", () => {
    expect(() => parseAgentOptions(["--code", "short"], true)).toThrow("The code is unknown");
  });

  it("an unknown option is refused with a hint at the help", () => {
    expect(() => parseAgentOptions(["--disc", "/dev/sda"], true)).toThrow("see --help");
  });

  it("a freeze limit that is no number of seconds is refused", () => {
    expect(() => parseAgentOptions(["--freeze-limit", "soon"], true)).toThrow("--freeze-limit");
  });

  it("state is kept in the user's own folder by those who are not root", () => {
    expect(parseAgentOptions([], true).stateFolder).toBe("/var/lib/hypermotion-agent");
    expect(parseAgentOptions([], false).stateFolder).toMatch(/\.local\/state\/hypermotion-agent$/);
  });

  it.each([
    ["/dev/sda", 0, { path: "/dev/sda", role: "system" }],
    ["/dev/sdb", 1, { path: "/dev/sdb", role: "data" }],
    ["/dev/sdb:data", 0, { path: "/dev/sdb", role: "data" }],
    ["sda=/images/a.raw", 0, { path: "/images/a.raw", role: "system", deviceName: "sda" }],
    ["sdb=/images/b:1.raw:data", 0, { path: "/images/b:1.raw", role: "data", deviceName: "sdb" }],
  ])("--disk %s in place %i", (typed, index, disk) => {
    expect(parseDisk(typed, index)).toEqual(disk);
  });
});
