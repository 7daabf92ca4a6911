#!/usr/bin/env node
import { startWithRightNode } from "../node-version.mjs";

await startWithRightNode(new URL(import.meta.url), async () => {
  startWithOneArena();
  await import("./main.ts");
});

/**
 * glibc gives each thread a heap of its own, and what one frees the others don't get: with 20 disks, 208 MB
 * in place of 179. It reads its settings when a program starts, so this process becomes the same program
 * once more, with the same id.
 */
function startWithOneArena() {
  if (process.env.MALLOC_ARENA_MAX !== undefined) return;
  process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    {
      ...process.env,
      MALLOC_ARENA_MAX: "1",
    },
  );
}
