import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import type { RepairAction } from "#domain/repair/plan.ts";
import { formatPlan, parseInspection, readGuestScript, requireAllDone } from "./guest-script.ts";

const base64 = (text: string) => Buffer.from(text, "latin1").toString("base64");
const rebuild: RepairAction = { do: "rebuild-initramfs", kernel: "6.1.0-50-amd64", detail: "" };

describe("what a guest tells", () => {
  test("is read when it is complete", () => {
    const facts = parseInspection(
      `file|/etc/fstab|${base64("/dev/sda1 / ext4\n")}\npresent|/sbin/ifup\nkernel|6.1.0\n` +
        "built-in|6.1.0|virtio_pci \nmodules|6.1.0|nvme sd_mod \nin-initramfs|6.1.0|sd_mod \nend|\n",
    );

    expect(facts).toEqual({
      files: { "/etc/fstab": "/dev/sda1 / ext4\n" },
      present: ["/sbin/ifup"],
      kernels: [
        {
          version: "6.1.0",
          builtIn: ["virtio_pci"],
          modules: ["nvme", "sd_mod"],
          inInitramfs: ["sd_mod"],
        },
      ],
    });
  });

  test("counts for nothing when it breaks off", () => {
    expect(parseInspection("present|/sbin/ifup\n")).toBeUndefined();
    expect(parseInspection("present|/sbin/ifup\nend|")).toBeUndefined();
  });

  test.each([
    ["a word of its own", "hello|/etc\nend|\n"],
    ["a path that is not absolute", "present|etc/passwd\nend|\n"],
    ["a path that would break a plan", "file|/etc/a\tb|\nend|\n"],
    ["more fields than there are", "file|/etc/fstab||more\nend|\n"],
    ["a kernel that was not told before", "modules|6.1.0|nvme\nend|\n"],
    ["a version that is a path", "kernel|../../x\nend|\n"],
  ])("is refused with %s", (_, output) => {
    expect(() => parseInspection(output)).toThrow("the guest's answer can't be read");
  });

  test("never does more harm than a refusal, whatever it is", () => {
    const field = fc.oneof(fc.string(), fc.constantFrom("file", "kernel", "modules", "/etc/fstab"));
    const line = fc.array(field, { maxLength: 4 }).map((fields) => fields.join("|"));

    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          parseInspection(`${lines.join("\n")}\nend|\n`);
        } catch (error) {
          expect(error).toBeInstanceOf(MigrationError);
        }
      }),
    );
  });
});

describe("what a guest did", () => {
  test("must be all of the plan", () => {
    expect(() => requireAllDone("done|0\nend|\n", [rebuild])).not.toThrow();
    expect(() => requireAllDone("end|\n", [rebuild])).toThrow("broke off");
    expect(() => requireAllDone("done|0\n", [rebuild])).toThrow();
    expect(() => requireAllDone("failed|0|it ended with 1\nend|\n", [rebuild])).toThrow(
      "failed at rebuild-initramfs 6.1.0-50-amd64: it ended with 1",
    );
  });
});

test("a path that would break a plan never gets into one", () => {
  const action: RepairAction = { do: "set-aside", path: "/etc/a|b", backup: "/etc/c", detail: "" };

  expect(() => formatPlan([action])).toThrow();
});

test("the script stops at the first thing it can't do, and says so", async () => {
  const first: RepairAction = { do: "set-aside", path: "/nowhere/a", backup: "/b", detail: "" };
  const plan = `${formatPlan([first])}of-a-later-version|/c\n${formatPlan([first])}`;

  const output = execFileSync("sh", ["-c", await readGuestScript()], {
    input: plan,
    env: { REPAIR_TASK: "act", REPAIR_MODULES: "" },
    stdio: ["pipe", "pipe", "ignore"],
    encoding: "utf8",
  });

  expect(output).toBe("done|0\nfailed|1|of-a-later-version ended with 1\nend|\n");
});
