/** The product's state machine files on the local engine, through the same calls as on AWS. */
import { readFile } from "node:fs/promises";
import {
  CreateStateMachineCommand,
  type SFNClient,
  StateMachineAlreadyExists,
  UpdateStateMachineCommand,
} from "@aws-sdk/client-sfn";
import { type RunKind, runKinds } from "#domain/records.ts";
import { machineArn } from "./engine/arn.ts";

/** The API asks for a role; nothing local looks at it. */
const roleArn = "arn:aws:iam::000000000000:role/hypermotion";

export function arnOf(kind: RunKind): string {
  return machineArn(kind);
}

/** Executions that run already keep the definition they began with. */
export async function deployMachines(client: SFNClient): Promise<void> {
  for (const kind of runKinds) {
    const file = new URL(`../statemachines/${kind}.asl.json`, import.meta.url);
    const definition = substitute(await readFile(file, "utf8"));
    try {
      await client.send(new CreateStateMachineCommand({ name: kind, definition, roleArn }));
    } catch (error) {
      if (!(error instanceof StateMachineAlreadyExists)) throw error;
      await client.send(
        new UpdateStateMachineCommand({ stateMachineArn: arnOf(kind), definition, roleArn }),
      );
    }
  }
}

/**
 * What `definitionSubstitutions` of CDK does: `${CreateVolumes}` becomes the function that runs
 * `functions/steps/create-volumes/`, `${LaunchServerStateMachine}` the machine `launch-server`.
 */
function substitute(definition: string): string {
  return definition.replace(/\$\{([A-Z][A-Za-z]*)\}/g, (_, name: string) => {
    const machine = /^(.+)StateMachine$/.exec(name)?.[1];
    return machine === undefined ? functionArn(kebab(name)) : machineArn(kebab(machine));
  });
}

function functionArn(name: string): string {
  return `arn:aws:lambda:local:000000000000:function:${name}`;
}

function kebab(name: string): string {
  return name.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase();
}
