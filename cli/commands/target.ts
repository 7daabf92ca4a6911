import type { Command } from "commander";
import { z } from "zod";
import type { Client } from "#api/client.ts";
import type { ChoiceView, PlatformView } from "#api/targets.ts";
import { addCommand, addGroup, type Setting } from "../command.ts";
import { badInput } from "../context.ts";
import { bytes } from "../figures.ts";
import { findTarget } from "../names.ts";
import { takeAll } from "../values.ts";
import { addTargetAdding } from "./target-add.ts";
import { addTargetCheck } from "./target-check.ts";
import { addTargetChoices, showChoices } from "./target-choices.ts";
import { addTargetLimits } from "./target-limits.ts";

export function addTarget(program: Command, setting: Setting): void {
  const group = addGroup(program, setting, "target", "target").alias("targets");
  addTargetAdding(group, setting);
  addTargetChoices(group, setting);
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
  addChoosing(group, setting, "subnets", (client, id) => client.listSubnets(id));
  addChoosing(group, setting, "security-groups", (client, id) => client.listSecurityGroups(id));
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

/** What a launch can be told to take. */
function addChoosing(
  group: Command,
  setting: Setting,
  what: "subnets" | "security-groups",
  list: (client: Client, targetId: string) => Promise<{ items: ChoiceView[] }>,
): void {
  addCommand(group, setting, {
    usage: `${what} <target>`,
    summary: `target ${what}`,
    args: ["arg target"],
    examples: [`hypermotion target ${what} prod`],
    async run(context, [given = ""]) {
      const client = await context.client();
      const { items } = await list(client, (await findTarget(client, given)).id);
      showChoices(context, items);
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
      else
        out.line(
          say(needsCredentials(found) ? "target no policy" : "target no credentials", { platform }),
        );
    },
  });
}

const needsCredentials = ({ fields }: PlatformView) =>
  fields.some((field) => field.in === "credentials");

const jsonSchema = z.object({ required: z.array(z.string()).default([]) });

/** Settings that must be given; credentials are marked, since they go elsewhere. */
function requiredOf({ config, credentials }: PlatformView): string[] {
  const settings = jsonSchema.parse(config).required;
  const secrets = jsonSchema.parse(credentials).required.map((name) => `credentials.${name}`);
  return [...settings, ...secrets];
}
