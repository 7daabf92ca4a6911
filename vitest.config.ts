import { defineConfig } from "vitest/config";

const results = process.env.HYPERMOTION_TEST_RESULTS;

// Three files side by side on the smallest machine we test on, which has two processors: tests that start
// processes and machines wait for half of their time, and take more of it where others run beside them.
export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 3,
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]],
  },
});
