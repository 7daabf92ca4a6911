import type { Command } from "commander";
import type { PlanView } from "#api/plans.ts";
import { moneyText } from "#domain/prices.ts";
import { addCommand, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { bytes } from "../figures.ts";
import { findServer, findTarget } from "../names.ts";

interface PlanOptions {
  target?: string;
  servers?: string;
}

export function addPlan(program: Command, setting: Setting): void {
  addCommand<PlanOptions>(program, setting, {
    usage: "plan",
    summary: "plan",
    options: [
      ["--target <target>", "migrate target"],
      ["--servers <names>", "plan servers"],
    ],
    examples: [
      "hypermotion plan --target prod",
      "hypermotion plan --target prod --servers web-1,web-2,db-1 --json",
    ],
    async run(context, _args, options) {
      const { out, say } = context;
      if (options.target === undefined) {
        throw badInput("--target", say("missing argument", { name: "<target>" }));
      }
      const client = await context.client();
      const { id } = await findTarget(client, options.target);
      const names = options.servers?.split(",").map((name) => name.trim());
      const servers =
        names &&
        (await Promise.all(names.map(async (name) => (await findServer(client, name)).id)));
      const plan = await client.planTarget(id, servers === undefined ? {} : { servers });
      if (out.json) out.object(plan);
      else showPlan(context, plan);
    },
  });
}

function showPlan({ out, say }: Context, plan: PlanView): void {
  const names = new Map(plan.servers.map(({ serverId, name }) => [serverId, name]));
  out.table(
    [
      ...[say("GATEWAY"), say("USED"), say("KEPT"), say("FREE")],
      ...[say("WORKERS"), say("REPAIRS"), say("SERVERS")],
    ],
    plan.gateways.map((gateway) => [
      gateway.isNew ? say("plan new", { id: gateway.id }) : gateway.id,
      `${gateway.taken}/${gateway.maxSlots}`,
      String(gateway.keptForRepair),
      String(gateway.free),
      gateway.workers === undefined ? "-" : String(gateway.workers),
      String(gateway.repairsAtOnce),
      gateway.serverIds.map((id) => names.get(id) ?? id).join(", ") || "-",
    ]),
  );
  out.line("");
  out.table(
    [say("SERVER"), say("RESULT"), say("GATEWAY"), say("SLOTS"), say("VOLUMES")],
    plan.servers.map((server) => [
      server.name,
      say(`plan ${server.placement}`),
      server.gatewayId ?? "-",
      String(server.slots),
      server.volumes
        .map(({ deviceName, sizeBytes }) => `${deviceName} ${bytes(sizeBytes)}`)
        .join(", ") || "-",
    ]),
  );
  for (const { name, reason, warning, findings } of plan.servers) {
    const words = reason ?? warning;
    if (words !== undefined) out.line(`${name}: ${words.message}. ${words.hint}`);
    const rows = findings.filter(({ severity }) => severity === "WARN").map(({ row }) => row);
    if (rows.length > 0)
      out.line(say("plan minded", { name, rows: [...new Set(rows)].join(", ") }));
  }
  const made = plan.gateways.filter(({ isNew }) => isNew).length;
  const count = { gateways: plan.gateways.length, made, most: plan.maxGateways };
  out.line(say("plan gateways", count));
  if (plan.costPerDay !== undefined) {
    out.line(say("plan cost", { cost: moneyText(plan.costPerDay) }));
  }
}
