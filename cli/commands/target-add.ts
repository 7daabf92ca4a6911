/** `target add`: from options and files, or by asking for what a platform needs, one after the other. */
import type { Command } from "commander";
import type { CreateTarget } from "#api/targets.ts";
import { addCommand, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { lacksAnswers } from "../target-form.ts";
import { readObject, readTarget, setValue, type TargetFile } from "../target-settings.ts";
import { takeAll, wholeNumber } from "../values.ts";

interface AddOptions {
  file?: string;
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
      ["--file <file>", "target file"],
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
      "hypermotion target add --file target.yaml",
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
  asked: string | undefined,
  options: AddOptions,
): Promise<void> {
  const { say, out, stdin } = context;
  const canAsk = stdin.isTTY === true && process.stderr.isTTY === true && !out.json;
  const file = options.file === undefined ? {} : await readTarget(context, options.file);
  const name = asked ?? file.name;
  const type = options.type ?? file.platform;
  if (!canAsk && type === undefined) {
    throw badInput("--type", say("missing argument", { name: "<platform>" }));
  }
  if (!canAsk && name === undefined) {
    throw badInput("target add", say("missing argument", { name: "<name>" }));
  }
  const given = await readGiven(context, options, file);
  const client = await context.client();
  const platforms = canAsk ? await takeAll(client.listPlatforms()) : [];
  const fields = platforms.find(({ platform }) => platform === type)?.fields ?? [];
  if (name !== undefined && type !== undefined && !lacksAnswers(fields, given)) {
    return tellAdded(context, await client.createTarget({ name, platform: type, ...given }));
  }
  // Only who is asked waits for what asks.
  const { addByAsking } = await import("../target-questions.ts");
  const added = await addByAsking(context, client, platforms, { name, type }, given);
  if (added !== undefined) return tellAdded(context, added);
  out.error(say("target not added"));
  // As of a process that SIGINT ended.
  process.exitCode = 130;
}

function tellAdded({ out, say }: Context, target: { name: string; id: string }): void {
  if (out.json) out.object(target);
  else out.line(say("target added", { name: target.name, id: target.id }));
}

/** What options say wins over what the file says. */
async function readGiven(
  context: Context,
  options: AddOptions,
  { name: _name, platform: _platform, ...file }: TargetFile,
): Promise<Given> {
  const config = { ...file.config, ...(await readObject(context, "--config", options.config)) };
  const secret = await readObject(context, "--credentials", options.credentials);
  for (const pair of options.set ?? []) setValue(context, config, pair);
  const count = (option: string, text: string | undefined) => wholeNumber(context, option, text);
  const gatewayMaxVolumes = count("--gateway-volumes", options.gatewayVolumes);
  const maxGateways = count("--max-gateways", options.maxGateways);
  const gatewayIdleMinutes = count("--gateway-idle-minutes", options.gatewayIdleMinutes);
  return {
    ...file,
    config,
    credentials: { ...file.credentials, ...secret },
    ...(maxGateways === undefined ? {} : { maxGateways }),
    ...(gatewayMaxVolumes === undefined ? {} : { gatewayMaxVolumes }),
    ...(gatewayIdleMinutes === undefined ? {} : { gatewayIdleMinutes }),
    ...(options.gatewayType === undefined ? {} : { gatewayInstanceType: options.gatewayType }),
  };
}
