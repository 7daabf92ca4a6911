import { defineConfig } from "vitest/config";

const results = process.env.HYPERMOTION_TEST_RESULTS;

// Two files side by side, as many as the smallest machine we test on has processors. Tests that start
// processes and machines take their time, and more of it where another file runs beside them.
export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]],
  },
});
