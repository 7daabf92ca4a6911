import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { z } from "zod";
import type { PlatformView } from "#api/targets.ts";
import { readAll } from "../ask.ts";
import { addCommand, addGroup, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { bytes } from "../figures.ts";
import { findTarget } from "../names.ts";
import { takeAll, wholeNumber } from "../values.ts";
import { addTargetCheck } from "./target-check.ts";
import { addTargetLimits } from "./target-limits.ts";

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

export function addTarget(program: Command, setting: Setting): void {
  const group = addGroup(program, setting, "target", "target").alias("targets");
  addAdding(group, setting);
  addReading(group, setting);
  addPolicy(group, setting);
  addTargetLimits(group, setting);
  addTargetCheck(group, setting);
  addCommand(group, setting, {
    usage: "remove <target>",
    summary: "target remove",
    args: ["arg target"],
    examples: ["hypermotion target remove prod"],
    async run(context, [given = ""]) {
      const client = await context.client();
      const { id, name } = await findTarget(client, given);
      await client.removeTarget(id);
      if (context.out.json) context.out.object({ removed: id });
      else context.out.line(context.say("target removed", { name }));
    },
  });
}

function addAdding(group: Command, setting: Setting): void {
  addCommand<AddOptions>(group, setting, {
    usage: "add <name>",
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
      "hypermotion target add here --type local --set folder=/srv/hypermotion",
      "hypermotion target add prod --type aws --set region=eu-central-1 --credentials aws.json",
      "pass show cloud/prod | hypermotion target add prod --type openstack --config prod.json --credentials -",
    ],
    run: (context, [name = ""], options) => addOne(context, name, options),
  });
}

async function addOne(context: Context, name: string, options: AddOptions): Promise<void> {
  const { say, out } = context;
  if (options.type === undefined) {
    throw badInput("--type", say("missing argument", { name: "<platform>" }));
  }
  const config = await readObject(context, "--config", options.config);
  const credentials = await readObject(context, "--credentials", options.credentials);
  const gatewayMaxVolumes = wholeNumber(context, "--gateway-volumes", options.gatewayVolumes);
  const maxGateways = wholeNumber(context, "--max-gateways", options.maxGateways);
  const gatewayIdleMinutes = wholeNumber(
    context,
    "--gateway-idle-minutes",
    options.gatewayIdleMinutes,
  );
  for (const pair of options.set ?? []) setValue(context, config, pair);
  const target = await (await context.client()).createTarget({
    name,
    platform: options.type,
    config,
    credentials,
    ...(maxGateways === undefined ? {} : { maxGateways }),
    ...(gatewayMaxVolumes === undefined ? {} : { gatewayMaxVolumes }),
    ...(gatewayIdleMinutes === undefined ? {} : { gatewayIdleMinutes }),
    ...(options.gatewayType === undefined ? {} : { gatewayInstanceType: options.gatewayType }),
  });
  if (out.json) out.object(target);
  else out.line(say("target added", { name: target.name, id: target.id }));
}

function addReading(group: Command, setting: Setting): void {
  addCommand(group, setting, {
    usage: "list",
    summary: "target list",
    examples: ["hypermotion target list", "hypermotion target list --json"],
    async run(context) {
      const { out, say } = context;
      const items = await takeAll((await context.client()).listTargets());
      if (out.json) return out.object({ items });
      if (items.length === 0) return out.line(say("none"));
      out.table(
        [say("ID"), say("NAME"), say("PLATFORM")],
        items.map(({ id, name, platform }) => [id, name, platform]),
      );
    },
  });
  addCommand(group, setting, {
    usage: "show <target>",
    summary: "target show",
    args: ["arg target"],
    examples: ["hypermotion target show prod"],
    async run(context, [given = ""]) {
      const target = await findTarget(await context.client(), given);
      if (context.out.json) return context.out.object(target);
      const { id, name, platform, config } = target;
      context.out.line(`${id}  ${name}  ${platform}`);
      context.out.line(JSON.stringify(config, null, 2));
    },
  });
  addCommand(group, setting, {
    usage: "types <target>",
    summary: "target types",
    args: ["arg target"],
    examples: ["hypermotion target types prod"],
    async run(context, [given = ""]) {
      const { out, say } = context;
      const client = await context.client();
      const target = await findTarget(client, given);
      const items = await takeAll(client.listInstanceTypes(target.id));
      if (out.json) return out.object({ items });
      out.table(
        [say("TYPE"), "VCPU", say("MEMORY"), say("VOLUMES")],
        items.map(({ name, vcpus, memoryBytes, maxVolumes }) => [
          name,
          String(vcpus),
          bytes(memoryBytes),
          String(maxVolumes),
        ]),
      );
    },
  });
  addCommand(group, setting, {
    usage: "platforms",
    summary: "target platforms",
    examples: ["hypermotion target platforms", "hypermotion target platforms --json"],
    async run(context) {
      const { out, say } = context;
      const items = await takeAll((await context.client()).listPlatforms());
      if (out.json) return out.object({ items });
      out.table(
        [say("PLATFORM"), say("REQUIRED")],
        items.map((item) => [item.platform, requiredOf(item).join(", ") || "-"]),
      );
    },
  });
}

function addPolicy(group: Command, setting: Setting): void {
  addCommand(group, setting, {
    usage: "policy <platform>",
    summary: "target policy",
    args: ["arg platform"],
    examples: ["hypermotion target policy aws > hypermotion.json"],
    async run(context, [platform = ""]) {
      const { out, say } = context;
      const items = await takeAll((await context.client()).listPlatforms());
      const found = items.find((item) => item.platform === platform);
      if (found === undefined) {
        const allowed = items.map((item) => item.platform).join(", ");
        throw badInput(platform, say("must be one of", { allowed }));
      }
      if (found.policy !== undefined) out.line(JSON.stringify(found.policy, null, 2));
      else if (out.json) out.object({});
      else out.line(say("target no policy", { platform }));
    },
  });
}

const jsonSchema = z.object({ required: z.array(z.string()).default([]) });

/** Settings that must be given; credentials are marked, since they go elsewhere. */
function requiredOf({ config, credentials }: PlatformView): string[] {
  const settings = jsonSchema.parse(config).required;
  const secrets = jsonSchema.parse(credentials).required.map((name) => `credentials.${name}`);
  return [...settings, ...secrets];
}

async function readObject(
  context: Context,
  option: string,
  file: string | undefined,
): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  const { say } = context;
  let text: string;
  try {
    text = file === "-" ? await readAll(context.stdin) : await readFile(file, "utf8");
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw badInput(`${option} ${file}`, say("can't be read", { problem }), cause);
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    // The parser's words may repeat a secret; ours do not.
    throw badInput(`${option} ${file}`, say("is not JSON"));
  }
}

/** `a.b=1` sets a number inside an object; what is no JSON is a text. */
function setValue(context: Context, config: Record<string, unknown>, pair: string): void {
  const index = pair.indexOf("=");
  const path = pair.slice(0, index).split(".");
  const isSafe = path.every((part) => /^\w+$/.test(part) && part !== "__proto__");
  if (index < 1 || !isSafe) throw badInput(`--set ${pair}`, context.say("must be key=value"));
  const last = path.pop() ?? "";
  let place = config;
  for (const part of path) {
    const inner = z.record(z.string(), z.unknown()).safeParse(place[part]);
    const next = inner.success ? inner.data : {};
    place[part] = next;
    place = next;
  }
  place[last] = parseValue(pair.slice(index + 1));
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Most values are plain texts.
    return text;
  }
}
