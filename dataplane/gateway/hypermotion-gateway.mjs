#!/usr/bin/env node
import { startWithRightNode } from "../node-version.mjs";

// One pool of threads does the file operations of all volumes. With Node's four, a few writes that a slow
// volume takes its time for hold up every other volume, and the answers to the console. There are at most 96
// (four lanes, 24 MiB each), or one for each connection. Read once, when the pool is first used.
process.env.UV_THREADPOOL_SIZE ??= "128";

await startWithRightNode(new URL(import.meta.url), () => import("./main.ts"));
