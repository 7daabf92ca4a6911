/**
 * The SaaS edition's host: what steps and routes need, made once for each process that Lambda starts,
 * from what the stacks have put into its environment.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SFNClient } from "@aws-sdk/client-sfn";
import pino from "pino";
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { lambdaEnvironment } from "#domain/lambda-environment.ts";
import { openStore } from "#store/store.ts";
import { type Deps, hostWith } from "../deps.ts";
import { gatewayClientOf } from "../gateways.ts";
import { sfnMachines } from "../machines.ts";
import { targetProviders } from "../target-providers.ts";
import { paidPatienceMs } from "../waiting.ts";
import { publishEvent } from "./bus.ts";
import { readList } from "./lists.ts";
import { managedSecrets } from "./secrets.ts";

/** The SDK waits for ever unless told; a Lambda that hangs is paid for. */
const patience = { connectionTimeout: 5_000, requestTimeout: 15_000, throwOnRequestTimeout: true };

let made: Promise<Deps> | undefined;

/** The same for every call in this process. @throws `internal.unexpected` for a wrong environment */
export function lambdaDeps(): Promise<Deps> {
  made ??= makeDeps(process.env);
  // A failure is not kept: the next call tries again.
  made.catch(() => {
    made = undefined;
  });
  return made;
}

async function makeDeps(environment: NodeJS.ProcessEnv): Promise<Deps> {
  const parsed = lambdaEnvironment.safeParse(environment);
  if (!parsed.success) {
    const problem = `the Lambda's environment: ${z.prettifyError(parsed.error)}`;
    throw new MigrationError("internal.unexpected", { problem });
  }
  const env = parsed.data;
  const log = pino({
    level: "info",
    redact: { paths: ["*.secrets", "*.credentials"], remove: true },
  });
  const store = openStore({ requestHandler: patience }, () => new Date(), env.HYPERMOTION_TABLE);
  const client = new SecretsManagerClient({ requestHandler: patience });
  const secrets = managedSecrets(client, env.HYPERMOTION_SECRETS_PREFIX);
  const callbackKey = await managedSecrets(client, "").get(env.HYPERMOTION_CALLBACK_KEY_SECRET);
  const consoleId = env.HYPERMOTION_CONSOLE_ID;
  const events = new EventBridgeClient({ requestHandler: patience });
  const files = new S3Client({ requestHandler: patience });
  return {
    store,
    secrets,
    machines: sfnMachines(
      new SFNClient({ requestHandler: patience }),
      (kind) => `${env.HYPERMOTION_MACHINE_ARN_PREFIX}${kind}`,
    ),
    providerFor: targetProviders({ store, secrets, consoleId, edition: "saas", log }),
    gatewayClient: (gateway) => gatewayClientOf(secrets, gateway),
    software: async () => ({
      url: env.HYPERMOTION_SOFTWARE_URL,
      sha256: env.HYPERMOTION_SOFTWARE_SHA256,
    }),
    // The front door's certificate is a public one: nothing to pin.
    console: {
      id: consoleId,
      edition: "saas",
      url: env.HYPERMOTION_CONSOLE_URL,
      callbackKey: Buffer.from(callbackKey),
    },
    publish: (event) => publishEvent(events, env.HYPERMOTION_EVENT_BUS, event),
    waveList: (key) => readList(files, env.HYPERMOTION_LISTS_BUCKET, key),
    signIn: { issuer: env.HYPERMOTION_SIGN_IN_ISSUER, clientId: env.HYPERMOTION_SIGN_IN_CLIENT },
    log,
    now: () => new Date(),
    random: (size) => randomBytes(size),
    sleep: (ms) => sleep(ms),
    stepPatienceMs: paidPatienceMs,
  };
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

/** A step's handler as Lambda calls it. */
export function hostedStep(handler: unknown): Handler {
  const run = handler as Handler;
  return async (event, context) => {
    hostWith(await lambdaDeps());
    return run(event, context);
  };
}
