import type { Command } from "commander";
import { roles } from "#domain/records.ts";
import { addCommand, addGroup, type Setting } from "../command.ts";
import { badInput } from "../context.ts";
import { takeAll } from "../values.ts";

export function addUser(program: Command, setting: Setting): void {
  const group = addGroup(program, setting, "user", "user").alias("users");
  addCommand(group, setting, {
    usage: "list",
    summary: "user list",
    examples: ["hypermotion user list"],
    async run(context) {
      const { out, say } = context;
      const items = await takeAll((await context.client()).listUsers());
      if (out.json) out.object({ items });
      else
        out.table(
          [say("NAME"), say("ROLE")],
          items.map(({ name, role }) => [name, role]),
        );
    },
  });
  addCommand<{ role?: string }>(group, setting, {
    usage: "add <name>",
    summary: "user add",
    args: ["arg user"],
    options: [["--role <role>", "user role"]],
    examples: ["hypermotion user add lin --role operator"],
    async run(context, [name = ""], { role = "viewer" }) {
      const { out, say } = context;
      if (!roles.some((known) => known === role)) {
        throw badInput("--role", say("must be one of", { allowed: roles.join(", ") }));
      }
      const user = await (await context.client()).createUser(name, role);
      if (out.json) out.object(user);
      else out.line(say("user password", { name, password: user.oneTimePassword ?? "" }));
    },
  });
  addCommand(group, setting, {
    usage: "reset <name>",
    summary: "user reset",
    args: ["arg user"],
    examples: ["hypermotion user reset lin"],
    async run(context, [name = ""]) {
      const { out, say } = context;
      const user = await (await context.client()).changeUser(name, { resetPassword: true });
      if (out.json) out.object(user);
      else out.line(say("user password", { name, password: user.oneTimePassword ?? "" }));
    },
  });
  addCommand(group, setting, {
    usage: "remove <name>",
    summary: "user remove",
    args: ["arg user"],
    examples: ["hypermotion user remove lin"],
    async run(context, [name = ""]) {
      await (await context.client()).removeUser(name);
      if (context.out.json) context.out.object({ removed: name });
      else context.out.line(context.say("user removed", { name }));
    },
  });
}
