import { expect, test } from "vitest";
import { runTool } from "./run-tool.ts";

test("a tool that is missing, fails or is silent about it is told in words", async () => {
  const problems = await Promise.all([
    runTool("no-such-tool", []),
    runTool("sh", ["-c", "echo first >&2; echo it is broken >&2; exit 3"]),
    runTool("sh", ["-c", "exit 4"]),
    runTool("sh", ["-c", "echo fine"]),
  ]);

  expect(problems.map(({ status, problem }) => [status, problem])).toEqual([
    [undefined, "no-such-tool is not installed"],
    [3, "sh: it is broken"],
    [4, "sh ended with status 4"],
    [0, ""],
  ]);
});

test("a tool that does not end is given up", async () => {
  const begun = performance.now();
  const { status, problem } = await runTool("sleep", ["60"], 200);

  expect([status, problem]).toEqual([undefined, "sleep took more than 0.2 s"]);
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test("a tool whose own children keep its output open is given up all the same", async () => {
  const { problem } = await runTool("sh", ["-c", "sleep 3 & sleep 3"], 200);

  expect(problem).toBe("sh took more than 0.2 s");
});
