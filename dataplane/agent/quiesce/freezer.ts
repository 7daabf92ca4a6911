/**
 * Freezes file systems and thaws them whatever happens to the agent. It is a process of its own, run by
 * `quiesce.ts`, because an agent that is killed (-9) can't thaw anything, and a server whose root stays
 * frozen can only be switched off.
 *
 *   node freezer.ts '{"mountPoints": […], "limitSeconds": 300}'
 *
 * It writes one JSON line when all is frozen or something could not be, and one when all is thawed. It
 * thaws when its standard input ends (the agent wants it, or died), on signals, and when the limit is
 * reached. Meanwhile it touches no disk.
 */
import { spawnSync } from "node:child_process";
import { z } from "zod";

const order = z.object({ mountPoints: z.array(z.string()), limitSeconds: z.number() });
/** How long a freeze may flush before it is given up. */
const freezeTimeoutMs = 120_000;

const { mountPoints, limitSeconds } = order.parse(JSON.parse(process.argv[2] ?? "{}"));
const frozen: string[] = [];

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => thawAndEnd("signal"));
process.stdin.resume();
process.stdin.on("end", () => thawAndEnd("asked"));
process.stdin.on("error", () => thawAndEnd("asked"));
// The agent may be gone when the result is written.
process.stdout.on("error", () => thawAndEnd("asked"));

const startedAt = performance.now();
for (const mountPoint of mountPoints) {
  const problem = fsfreeze("--freeze", mountPoint);
  if (problem !== undefined) {
    thaw();
    tell({ state: "failed", mountPoint, problem });
    process.exit(1);
  }
  frozen.push(mountPoint);
}
tell({ state: "frozen" });
setTimeout(() => thawAndEnd("limit"), limitSeconds * 1000);

function thawAndEnd(why: "asked" | "signal" | "limit"): void {
  thaw();
  tell({ state: "thawed", why, seconds: (performance.now() - startedAt) / 1000 });
  process.exit(0);
}

function thaw(): void {
  for (const mountPoint of frozen.splice(0).reverse()) fsfreeze("--unfreeze", mountPoint);
}

function fsfreeze(what: "--freeze" | "--unfreeze", mountPoint: string): string | undefined {
  const done = spawnSync("fsfreeze", [what, mountPoint], {
    encoding: "utf8",
    timeout: freezeTimeoutMs,
  });
  if (done.status === 0) return undefined;
  return (
    (done.error?.message ?? done.stderr.trim()) ||
    `fsfreeze ended with ${done.status ?? done.signal}`
  );
}

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
