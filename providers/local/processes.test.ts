import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { identify, isRunning, processesWith, signal } from "./processes.ts";

function startSleeper(environment: NodeJS.ProcessEnv = {}) {
  const child = spawn("/bin/sleep", ["600"], { env: { ...process.env, ...environment } });
  const identity = identify(child.pid ?? 0);
  if (identity === undefined) throw new Error("the sleeper is not in /proc");
  return { child, identity };
}

test("a process is known by its number and its start time", async () => {
  const { child, identity } = startSleeper();

  const whileItRan = isRunning(identity);
  const signalled = signal(identity, "SIGKILL");
  await once(child, "exit");

  expect([whileItRan, signalled]).toEqual([true, true]);
  expect(isRunning(identity)).toBe(false);
});

test("another process that got the number later is not signalled", async () => {
  const { child, identity } = startSleeper();
  const earlier = { ...identity, startTime: String(Number(identity.startTime) - 1) };

  const signalled = signal(earlier, "SIGKILL");

  expect(signalled).toBe(false);
  expect(isRunning(identity)).toBe(true);
  child.kill("SIGKILL");
});

test("a process of an earlier start of the machine is not taken for one of this", () => {
  const { child, identity } = startSleeper();

  expect(isRunning({ ...identity, machineBootId: "another" })).toBe(false);
  child.kill("SIGKILL");
});

test("a process that ended and was not reaped does not count as running", async () => {
  const parent = spawn("/bin/sh", ["-c", "/bin/true & echo $!; exec /bin/sleep 600"]);
  const [output] = await once(parent.stdout, "data");
  const zombie = identify(Number(String(output)));

  // Its parent never reaps it: it stays a zombie from its end until the parent's.
  while (zombie !== undefined && isRunning(zombie)) {
    await new Promise((resolve) => setImmediate(resolve));
  }

  expect(identify(zombie?.pid ?? 0)).toEqual(zombie);
  parent.kill("SIGKILL");
});

test("processes are found by a variable they were started with, and by its whole value", async () => {
  const { child, identity } = startSleeper({ UNDER_TEST: "/some/folder" });
  // Between fork and exec a child still shows its parent's environment.
  while (processesWith("UNDER_TEST", "/some/folder").length === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }

  expect(processesWith("UNDER_TEST", "/some/folder")).toEqual([identity]);
  expect(processesWith("UNDER_TEST", "/some")).toEqual([]);
  child.kill("SIGKILL");
});
