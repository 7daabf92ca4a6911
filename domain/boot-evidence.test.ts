import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeBoot } from "./boot-evidence.ts";

describe("a console that shows a login prompt means booted", () => {
  test.each([
    ["Debian GNU/Linux 12 web ttyS0\r\n\r\nweb login: ", "web login:"],
    ["\u001b[0;32m  OK  \u001b[0m] Started getty\r\n\u001b[1mweb\u001b[0m login: ", "web login:"],
    ["\u001b[2J\u001b[1;1Hlogin: ", "login:"],
  ])("%j", (text, evidence) => {
    expect(judgeBoot(text)).toEqual({ verdict: "booted", evidence });
  });
});

describe("a console that ends in a place no server runs from means failed, with the line that says so", () => {
  test.each([
    "ALERT!  /dev/sda1 does not exist.  Dropping to a shell!",
    "The root filesystem on /dev/sda1 requires a manual fsck",
    "(initramfs)",
    "dracut:/#",
    "Entering emergency mode. Exit the shell to continue.",
    "[    4.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
    "You are in emergency mode. After logging in, type journalctl -xb",
    "Give root password for maintenance",
    "grub rescue>",
    "Minimal BASH-like line editing is supported.",
    "No bootable device.",
    "UEFI Interactive Shell v2.2",
    "Shell>",
  ])("%s", (line) => {
    expect(judgeBoot(`Booting\r\n${line}\r\n`)).toEqual({ verdict: "failed", evidence: line });
  });
});

test("a console that shows neither is waited for, and its last line is told", () => {
  const text =
    "GRUB loading.\r\nWelcome to Debian dracut-059 (Initramfs)!\r\n\u001b[0m[ OK ] Reached";

  expect(judgeBoot(text)).toEqual({ verdict: "waiting", evidence: "[ OK ] Reached" });
  expect(judgeBoot("")).toEqual({ verdict: "waiting", evidence: "" });
});

test("the cause is told, not the prompt that follows it", () => {
  const text = "ALERT! UUID=1 does not exist. Dropping to a shell!\r\n\r\n(initramfs) ";

  expect(judgeBoot(text).evidence).toContain("UUID=1");
});

test("a guest that panicked, restarted and came up has booted", () => {
  expect(judgeBoot("Kernel panic - not syncing: x\nGRUB\nweb login: ").verdict).toBe("booted");
});

test("more text never leads from a verdict back to waiting", () => {
  const pieces = fc.oneof(
    fc.constantFrom(
      "login: ",
      "(initramfs) ",
      "\u001b[",
      "\u001b]0;",
      "\u0007",
      "\u001b(",
      "\r\n",
      "\u001b",
    ),
    fc.constantFrom(
      "Kernel panic - not syncing",
      "grub rescue>",
      "web ",
      "\u001b[1;1H",
      "\u001b[0m",
    ),
    fc.string(),
  );
  const text = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));

  fc.assert(
    fc.property(text, text, (shown, more) => {
      const before = judgeBoot(shown).verdict;
      const after = judgeBoot(shown + more).verdict;

      expect(before !== "waiting" && after === "waiting").toBe(false);
    }),
    { numRuns: 3000 },
  );
});
