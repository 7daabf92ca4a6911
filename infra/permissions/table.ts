/**
 * The table of what every Lambda needs, kept beside the code so that a change shows in a review:
 *
 *   node infra/permissions/table.ts            writes table.json
 *   node infra/permissions/table.ts --check    fails where it is not what the code says
 */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { z } from "zod";
import { type HandlerName, stepNames } from "../bundle.ts";
import { type Permissions, permissions, permissionsOf } from "./permissions.ts";

const file = new URL("table.json", import.meta.url);

/** Lambda's name → what its code does. */
export type PermissionTable = Readonly<Record<string, Permissions>>;

/** What each handler does, without the host around it. */
const handlerModules: Record<HandlerName, string> = {
  api: "functions/app.ts",
  "look-after": "functions/look-after.ts",
  "every-minute": "functions/every-minute.ts",
  "deliver-events": "functions/deliveries.ts",
  "keep-house": "functions/housekeeping.ts",
};

export async function tableFromCode(): Promise<PermissionTable> {
  const modules: [string, string][] = [
    ...stepNames.map((name): [string, string] => [name, `functions/steps/${name}/index.ts`]),
    ...Object.entries(handlerModules),
  ];
  const entries = await Promise.all(
    modules.map(async ([name, module]) => [name, await permissionsOf(module)] as const),
  );
  return Object.fromEntries(entries);
}

/** As it was last written. @throws when it is not there */
export function readTable(): PermissionTable {
  return z.record(z.string(), permissions).parse(JSON.parse(readFileSync(file, "utf8")));
}

/** @throws for a name the table does not hold */
export function permissionsIn(table: PermissionTable, name: string): Permissions {
  const found = table[name];
  if (found !== undefined) return found;
  throw new Error(
    `${name} is not in infra/permissions/table.json; write it anew: node infra/permissions/table.ts`,
  );
}

if (import.meta.main) {
  const text = `${JSON.stringify(await tableFromCode(), null, 2)}\n`;
  if (!process.argv.includes("--check")) await writeFile(file, text);
  else if (text !== readFileSync(file, "utf8")) {
    process.stderr.write("infra/permissions/table.json is old: node infra/permissions/table.ts\n");
    process.exitCode = 1;
  }
}
