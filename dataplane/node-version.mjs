/**
 * Starts a daemon with a Node that can run it. Plain JavaScript, because the Node it must answer for
 * reads no TypeScript: everything else is imported only once the version is right.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const needed = 24;

/**
 * Imports `main` when this Node is new enough, else runs `entry` again with the Node that npm installed
 * beside us, else says what is missing and ends with status 2.
 * @param {URL} entry
 * @param {() => Promise<unknown>} main
 */
export async function startWithRightNode(entry, main) {
  if (Number.parseInt(process.versions.node, 10) >= needed) {
    await main();
    return;
  }
  const pinned = findPinnedNode(dirname(fileURLToPath(entry)));
  if (pinned === undefined || process.env.HYPERMOTION_RESTARTED !== undefined) {
    // The words of node.version in domain/errors.ts, which this Node can't import.
    console.error(`Node ${needed} is needed, this is ${process.versions.node}`);
    console.error(
      `Start it through npm (npx hypermotion …), which brings the right Node, or install Node ${needed}.`,
    );
    process.exit(2);
  }
  const child = spawn(pinned, [fileURLToPath(entry), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, HYPERMOTION_RESTARTED: "1" },
  });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("exit", (status, signal) => process.exit(status ?? (signal === null ? 1 : 128)));
}

/** @param {string} folder */
function findPinnedNode(folder) {
  for (let place = folder; ; place = dirname(place)) {
    const candidate = join(place, "node_modules", ".bin", "node");
    if (existsSync(candidate)) return candidate;
    if (dirname(place) === place) return undefined;
  }
}
