import { readFile, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Rescue } from "#api/servers.ts";
import { addCommand, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { findServer } from "../names.ts";

export function addRescue(program: Command, setting: Setting): void {
  addCommand<{ key?: string }>(program, setting, {
    usage: "rescue <server>",
    summary: "rescue",
    args: ["arg server"],
    options: [["--key <file>", "rescue key"]],
    examples: ["hypermotion rescue web-1", "hypermotion rescue web-1 --key door.key"],
    async run(context, [name], { key }) {
      const client = await context.client();
      const way = await client.rescue((await findServer(client, name ?? "")).id);
      if (context.out.json) return context.out.object(way);
      const file = key ?? `hyperdoor-${way.runId}.key`;
      await keep(context, file, way.privateKey);
      showWay(context, way, file);
    },
  });
}

/** Never over another file: what lies there may be somebody's only key. */
async function keep({ say }: Context, file: string, privateKey: string): Promise<void> {
  try {
    await writeFile(file, privateKey, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EEXIST") throw badInput("--key", `${file}: ${code ?? error}`, error);
    if ((await readFile(file, "utf8")) !== privateKey) {
      throw badInput("--key", `${file}: ${say("rescue taken")}`);
    }
  }
}

function showWay({ out, say }: Context, way: Rescue, file: string): void {
  const { runId: run, instanceId: instance, user, address } = way;
  out.line(say("rescue written", { run, file }));
  if (address === undefined) {
    out.line(say("rescue by hand", { instance, file, user }));
    return;
  }
  const [, host = address, port] = /^([^:]+)(?::(\d+))?$/.exec(address) ?? [];
  // Its host key is made anew each time it starts.
  const options = "-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no";
  out.line(`ssh -i ${file} ${options}${port === undefined ? "" : ` -p ${port}`} ${user}@${host}`);
}
