/** All stacks of one deployment, and how they hang together. */
import { type App, type Environment, Tags, Validations } from "aws-cdk-lib";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { AwsSolutionsChecks } from "cdk-nag";
import { ControlPlaneStack } from "./control-plane-stack.ts";
import { DataStack } from "./data-stack.ts";
import { EntranceStack } from "./entrance-stack.ts";
import { EventsStack } from "./events-stack.ts";
import { ObservabilityStack } from "./observability-stack.ts";
import { SchedulesStack } from "./schedules-stack.ts";
import { SiteStack, type Software } from "./site-stack.ts";

export interface DeploymentOptions {
  /** At most 20 of [a-z0-9-]; a second deployment beside the first needs another. */
  readonly id: string;
  readonly env: Environment;
  /** Who gets the alarms and milestones. */
  readonly email?: string;
  readonly bundles: ReadonlyMap<string, string>;
  readonly software: Software;
}

export interface Deployment {
  readonly data: DataStack;
  readonly site: SiteStack;
  readonly entrance: EntranceStack;
  readonly events: EventsStack;
  readonly controlPlane: ControlPlaneStack;
  readonly schedules: SchedulesStack;
  readonly observability: ObservabilityStack;
}

const logRetention = RetentionDays.THREE_MONTHS;

export function addDeployment(app: App, options: DeploymentOptions): Deployment {
  const { id, env, email, bundles, software } = options;
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(id)) {
    throw new Error(`${id} can't be the deployment's id: at most 20 of a-z, 0-9 and -`);
  }
  const naming = { id };
  const data = new DataStack(app, `${id}-data`, { env, naming });
  const site = new SiteStack(app, `${id}-site`, { env, software });
  const entrance = new EntranceStack(app, `${id}-entrance`, { env, naming, logRetention });
  const events = new EventsStack(app, `${id}-events`, {
    ...{ env, naming },
    ...(email === undefined ? {} : { email }),
  });
  const controlPlane = new ControlPlaneStack(app, `${id}-control-plane`, {
    ...{ env, naming, data, site, entrance, events, software, bundles, logRetention },
  });
  const schedules = new SchedulesStack(app, `${id}-schedules`, { env, naming, controlPlane });
  const observability = new ObservabilityStack(app, `${id}-observability`, {
    ...{ env, naming, controlPlane, entrance, events, schedules },
  });
  Tags.of(app).add("hypermotion:deployment", id);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { data, site, entrance, events, controlPlane, schedules, observability };
}
