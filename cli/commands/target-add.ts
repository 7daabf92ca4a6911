/** `target add`: from options and files, or by asking for what a platform needs, one after the other. */
import type { Command } from "commander";
import type { Client } from "#api/client.ts";
import type { CreateTarget, PlatformView } from "#api/targets.ts";
import { describeError, MigrationError } from "#domain/errors.ts";
import { addCommand, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { Left, openPrompts } from "../prompts.ts";
import { lacksAnswers } from "../target-form.ts";
import { askPlatform, TargetForm } from "../target-questions.ts";
import { readObject, setValue } from "../target-settings.ts";
import { takeAll, wholeNumber } from "../values.ts";

interface AddOptions {
  type?: string;
  set?: string[];
  config?: string;
  credentials?: string;
  maxGateways?: string;
  gatewayVolumes?: string;
  gatewayType?: string;
  gatewayIdleMinutes?: string;
}

export function addTargetAdding(group: Command, setting: Setting): void {
  addCommand<AddOptions>(group, setting, {
    usage: "add [name]",
    summary: "target add",
    args: ["arg name"],
    options: [
      ["--type <platform>", "target type"],
      ["--set <key=value>", "target set", "repeats"],
      ["--config <file>", "target config"],
      ["--credentials <file>", "target credentials"],
      ["--max-gateways <count>", "target max-gateways"],
      ["--gateway-volumes <count>", "target gateway-volumes"],
      ["--gateway-type <type>", "target gateway-type"],
      ["--gateway-idle-minutes <minutes>", "target idle-minutes"],
    ],
    examples: [
      "hypermotion target add",
      "hypermotion target add here --type local --set folder=/srv/hypermotion",
      "hypermotion target add prod --type aws --set region=eu-central-1 --credentials aws.json",
      "pass show cloud/prod | hypermotion target add prod --type openstack --config prod.json --credentials -",
    ],
    run: (context, [name], options) => addOne(context, name, options),
  });
}

type Given = Omit<CreateTarget, "name" | "platform" | "config" | "credentials"> & {
  config: Record<string, unknown>;
  credentials: Record<string, unknown>;
};

async function addOne(
  context: Context,
  name: string | undefined,
  options: AddOptions,
): Promise<void> {
  const { say, out, stdin } = context;
  const { type } = options;
  const canAsk = stdin.isTTY === true && process.stderr.isTTY === true && !out.json;
  if (!canAsk && type === undefined) {
    throw badInput("--type", say("missing argument", { name: "<platform>" }));
  }
  if (!canAsk && name === undefined) {
    throw badInput("target add", say("missing argument", { name: "<name>" }));
  }
  const given = await readGiven(context, options);
  const client = await context.client();
  const platforms = canAsk ? await takeAll(client.listPlatforms()) : [];
  const fields = platforms.find(({ platform }) => platform === type)?.fields ?? [];
  if (name !== undefined && type !== undefined && !lacksAnswers(fields, given)) {
    return tellAdded(context, await client.createTarget({ name, platform: type, ...given }));
  }
  try {
    await addByAsking(context, client, platforms, { name, type }, given);
  } catch (error) {
    if (!(error instanceof Left)) throw error;
    out.error(say("target not added"));
    // As of a process that SIGINT ended.
    process.exitCode = 130;
  }
}

function tellAdded({ out, say }: Context, target: { name: string; id: string }): void {
  if (out.json) out.object(target);
  else out.line(say("target added", { name: target.name, id: target.id }));
}

async function readGiven(context: Context, options: AddOptions): Promise<Given> {
  const config = await readObject(context, "--config", options.config);
  const credentials = await readObject(context, "--credentials", options.credentials);
  for (const pair of options.set ?? []) setValue(context, config, pair);
  const count = (option: string, text: string | undefined) => wholeNumber(context, option, text);
  const gatewayMaxVolumes = count("--gateway-volumes", options.gatewayVolumes);
  const maxGateways = count("--max-gateways", options.maxGateways);
  const gatewayIdleMinutes = count("--gateway-idle-minutes", options.gatewayIdleMinutes);
  return {
    config,
    credentials,
    ...(maxGateways === undefined ? {} : { maxGateways }),
    ...(gatewayMaxVolumes === undefined ? {} : { gatewayMaxVolumes }),
    ...(gatewayIdleMinutes === undefined ? {} : { gatewayIdleMinutes }),
    ...(options.gatewayType === undefined ? {} : { gatewayInstanceType: options.gatewayType }),
  };
}

/** Asks, checks all of it together, and keeps nothing before that is well. @throws Left */
async function addByAsking(
  context: Context,
  client: Client,
  platforms: readonly PlatformView[],
  { name, type }: { name: string | undefined; type: string | undefined },
  given: Given,
): Promise<void> {
  const { say } = context;
  const prompts = openPrompts(context);
  const platform = await askPlatform(context, prompts, platforms, type);
  const form = new TargetForm(context, prompts, platform, given);
  await form.askAll(name);
  for (;;) {
    const target = { ...given, ...form.target() };
    prompts.tell(say("target checking", { platform: target.platform }));
    try {
      await client.checkNewTarget(target);
      break;
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error;
      const { message, hint } = describeError(error, context.language);
      prompts.warn(`${message}\n${hint}`);
      await form.mend(error);
    }
  }
  const target = { ...given, ...form.target() };
  prompts.tell(say("target good"));
  if (!(await prompts.yes(say("target save", { name: target.name }), true))) throw new Left();
  tellAdded(context, await client.createTarget(target));
}
