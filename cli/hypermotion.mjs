#!/usr/bin/env node
import { startWithRightNode } from "../dataplane/node-version.mjs";

await startWithRightNode(new URL(import.meta.url), () => import("./main.ts"));
