/** What goes into `guest-repair.sh`, and what comes out of it. The guest may answer anything. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import {
  type GuestFacts,
  guestFacts,
  guestPath,
  kernelVersion,
} from "#domain/repair/inspection.ts";
import { type RepairAction, subjectOf } from "#domain/repair/plan.ts";

export function readGuestScript(): Promise<string> {
  return readFile(new URL("guest-repair.sh", import.meta.url), "utf8");
}

/** Lines for the script's standard input. */
export function formatPlan(actions: readonly RepairAction[]): string {
  return actions.map((action) => `${planFields(action).join("|")}\n`).join("");
}

function planFields(action: RepairAction): string[] {
  if (action.do === "rebuild-initramfs") return [action.do, kernelVersion.parse(action.kernel)];
  const paths = [guestPath.parse(action.path), guestPath.parse(action.backup)];
  if (action.do === "set-aside") return [action.do, ...paths];
  return [action.do, ...paths, Buffer.from(action.content, "latin1").toString("base64")];
}

/** The lines of a complete answer, `undefined` when the script did not come to its end. */
function completeLines(output: string): string[][] | undefined {
  const lines = output.split("\n");
  if (lines.pop() !== "" || lines.pop() !== "end|") return undefined;
  return lines.map((line) => line.split("|"));
}

/**
 * What `inspect` told; `undefined` when the guest could not be entered.
 * @throws `repair.failed` when the answer is not one of the script's.
 */
export function parseInspection(output: string): GuestFacts | undefined {
  const lines = completeLines(output);
  if (lines === undefined) return undefined;

  const files: Record<string, string> = {};
  const present: string[] = [];
  const kernels = new Map<string, Record<string, unknown>>();
  const kernelLists: Record<string, string> = {
    "built-in": "builtIn",
    modules: "modules",
    "in-initramfs": "inInitramfs",
  };
  for (const [kind = "", subject = "", value = "", ...rest] of lines) {
    const list = kernelLists[kind];
    const kernel = kernels.get(subject);
    if (rest.length > 0) throw unreadable("inspect", kind);
    if (kind === "file") files[subject] = Buffer.from(value, "base64").toString("latin1");
    else if (kind === "present") present.push(subject);
    else if (kind === "kernel")
      kernels.set(subject, { version: subject, builtIn: [], modules: [] });
    else if (list !== undefined && kernel !== undefined)
      kernel[list] = value.split(" ").filter(Boolean);
    else throw unreadable("inspect", kind);
  }
  const facts = guestFacts.safeParse({ files, present, kernels: [...kernels.values()] });
  if (!facts.success) throw unreadable("inspect", z.prettifyError(facts.error));
  return facts.data;
}

/**
 * Makes sure that `act` did every action.
 * @throws `repair.failed` with the action that it stopped at.
 */
export function requireAllDone(output: string, actions: readonly RepairAction[]): void {
  for (const [number, action] of actions.entries()) {
    const line = output.split("\n")[number] ?? "";
    if (line === `done|${number}`) continue;
    const [kind, , words = ""] = line.split("|");
    throw new MigrationError("repair.failed", {
      action: `${action.do} ${subjectOf(action)}`,
      problem: kind === "failed" ? words.slice(0, 200) : "the guest's script broke off",
    });
  }
  if (completeLines(output)?.length !== actions.length) throw unreadable("act", "too many lines");
}

function unreadable(action: string, what: string): MigrationError {
  const problem = `the guest's answer can't be read: ${what.replace(/[^\x20-\x7e]/g, " ").slice(0, 200)}`;
  return new MigrationError("repair.failed", { action, problem });
}
