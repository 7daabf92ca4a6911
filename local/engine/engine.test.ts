import { ListExecutionsCommand } from "@aws-sdk/client-sfn";
import { expect, test } from "vitest";
import { invoke, startKit, startNested } from "./test-kit.ts";

test("a thousand executions have their functions running at once, and share their writes", async () => {
  const waiting: (() => void)[] = [];
  let writes = 0;
  const kit = await startKit(
    {
      // None goes on before all have come.
      meet: (id: number) =>
        new Promise((resolve) => {
          waiting.push(() => resolve(id));
          if (waiting.length === 1_000) for (const go of waiting) go();
        }),
    },
    { afterWrite: () => writes++ },
  );
  const stateMachineArn = await kit.create({
    StartAt: "Meet",
    States: {
      Meet: {
        Type: "Task",
        Resource: invoke,
        Arguments: { FunctionName: "meet", Payload: "{% $states.input %}" },
        Output: "{% $states.result.Payload %}",
        End: true,
      },
    },
  });

  const ended = await kit.run({
    StartAt: "Each",
    States: {
      Each: {
        Type: "Map",
        Items: "{% $range(1, 1000, 1) %}",
        ItemProcessor: {
          StartAt: "Nest",
          States: {
            Nest: {
              Type: "Task",
              Resource: startNested,
              Arguments: { StateMachineArn: stateMachineArn, Input: "{% $states.input %}" },
              Output: "{% $states.result.Output %}",
              End: true,
            },
          },
        },
        End: true,
      },
    },
  });

  expect(ended.output).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  const listed = await kit.client.send(
    new ListExecutionsCommand({ stateMachineArn, statusFilter: "SUCCEEDED", maxResults: 1_000 }),
  );
  expect(listed.executions).toHaveLength(1_000);
  // One write for each step of each would be more than five thousand.
  expect(writes).toBeLessThan(1_000);
});
