import { expect, test } from "vitest";
import { startKit } from "./test-kit.ts";

test("a Pass state shapes its output and keeps variables for later states", async () => {
  const kit = await startKit();

  const ended = await kit.run(
    {
      StartAt: "Count",
      States: {
        Count: {
          Type: "Pass",
          Assign: { count: "{% $states.input.count + 1 %}" },
          Output: { before: "{% $states.input.count %}", text: "plain" },
          Next: "Show",
        },
        Show: { Type: "Pass", Output: { seen: "{% $states.input %}", count: "{% $count %}" }, End: true },
      },
    },
    { count: 1 },
  );

  expect(ended).toMatchObject({
    status: "SUCCEEDED",
    output: { seen: { before: 1, text: "plain" }, count: 2 },
  });
});
