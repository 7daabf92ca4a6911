import type { Command } from "commander";
import { addCommand, addGroup, type Setting } from "../command.ts";
import { takeAll } from "../values.ts";

export function addGateway(program: Command, setting: Setting): void {
  const group = addGroup(program, setting, "gateway", "gateway").alias("gateways");
  addCommand(group, setting, {
    usage: "list",
    summary: "gateway list",
    examples: ["hypermotion gateway list"],
    async run(context) {
      const { out, say } = context;
      const items = await takeAll((await context.client()).listGateways());
      if (out.json) return out.object({ items });
      if (items.length === 0) return out.line(say("none"));
      out.table(
        [say("ID"), say("TARGET"), say("STATE"), say("SLOTS"), say("ADDRESS")],
        items.map(({ id, targetId, state, slots, maxSlots, host }) => [
          id,
          targetId,
          state,
          `${Object.keys(slots).length}/${maxSlots}`,
          host ?? "-",
        ]),
      );
    },
  });
  addCommand(group, setting, {
    usage: "show <gateway>",
    summary: "gateway show",
    args: ["arg gateway"],
    examples: ["hypermotion gateway show gw-k3x9v2mqab"],
    async run(context, [id = ""]) {
      const gateway = await (await context.client()).getGateway(id);
      if (context.out.json) context.out.object(gateway);
      else context.out.line(JSON.stringify(gateway, null, 2));
    },
  });
  addCommand(group, setting, {
    usage: "restart <gateway>",
    summary: "gateway restart",
    args: ["arg gateway"],
    examples: ["hypermotion gateway restart gw-k3x9v2mqab"],
    async run(context, [id = ""]) {
      const gateway = await (await context.client()).restartGateway(id);
      if (context.out.json) context.out.object(gateway);
      else context.out.line(context.say("gateway restarting", { id }));
    },
  });
}
