import { defineConfig } from "vitest/config";

// Two cores: files run side by side, but a file that boots machines or kills processes needs time.
export default defineConfig({
  test: { include: ["**/*.test.ts"], exclude: ["node_modules/**"], testTimeout: 60_000, hookTimeout: 120_000, maxWorkers: 2 },
});
