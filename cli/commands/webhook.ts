import type { Command } from "commander";
import { addCommand, addGroup, type Setting } from "../command.ts";
import { badInput } from "../context.ts";
import { findByName } from "../names.ts";
import { takeAll } from "../values.ts";

export function addWebhook(program: Command, setting: Setting): void {
  const group = addGroup(program, setting, "webhook", "webhook").alias("webhooks");
  addCommand<{ url?: string; events?: string }>(group, setting, {
    usage: "add <name>",
    summary: "webhook add",
    args: ["arg name"],
    options: [
      ["--url <url>", "webhook url"],
      ["--events <types>", "webhook events"],
    ],
    examples: [
      "hypermotion webhook add pager --url https://pager.example/hook --events run.failed,sync.stalled",
    ],
    async run(context, [name = ""], { url, events }) {
      const { out, say } = context;
      if (url === undefined) throw badInput("--url", say("missing argument", { name: "<url>" }));
      const types = events?.split(",").map((type) => type.trim()) ?? [];
      const webhook = await (await context.client()).createWebhook({ name, url, types });
      if (out.json) out.object(webhook);
      else out.line(say("webhook key", { name, key: webhook.key }));
    },
  });
  addCommand(group, setting, {
    usage: "list",
    summary: "webhook list",
    examples: ["hypermotion webhook list"],
    async run(context) {
      const { out, say } = context;
      const items = await takeAll((await context.client()).listWebhooks());
      if (out.json) return out.object({ items });
      if (items.length === 0) return out.line(say("none"));
      out.table(
        [say("NAME"), "URL", say("EVENTS"), say("LAST"), say("ERROR")],
        items.map(({ name, url, types, lastDeliveredAt, lastProblem }) => [
          name,
          url,
          types.join(",") || say("all"),
          lastDeliveredAt ?? "-",
          lastProblem?.problem ?? "-",
        ]),
      );
    },
  });
  addCommand(group, setting, {
    usage: "test <webhook>",
    summary: "webhook test",
    args: ["arg webhook"],
    examples: ["hypermotion webhook test pager"],
    async run(context, [given = ""]) {
      const client = await context.client();
      const { id, name } = await findByName("webhook", client.listWebhooks(), given);
      const webhook = await client.testWebhook(id);
      if (context.out.json) context.out.object(webhook);
      else context.out.line(context.say("webhook tested", { name }));
    },
  });
  addCommand(group, setting, {
    usage: "remove <webhook>",
    summary: "webhook remove",
    args: ["arg webhook"],
    examples: ["hypermotion webhook remove pager"],
    async run(context, [given = ""]) {
      const client = await context.client();
      const { id, name } = await findByName("webhook", client.listWebhooks(), given);
      await client.removeWebhook(id);
      if (context.out.json) context.out.object({ removed: id });
      else context.out.line(context.say("webhook removed", { name }));
    },
  });
}
