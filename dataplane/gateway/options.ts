/** What can be said on the gateway's command line. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { type GatewayBootstrap, gatewayBootstrap } from "#domain/protocol/gateway.ts";

export interface GatewayOptions {
  readonly help: boolean;
  readonly json: boolean;
  readonly configFile: string;
  readonly stateFolder: string;
}

export const helpText = `hypermotion-gateway: receives the blocks of source servers at the target

  hypermotion-gateway --config <file>

  --config <file>    how to reach the console, as JSON (default /etc/hypermotion/gateway.json)
  --state <folder>   identity, orders, block maps (default /var/lib/hypermotion-gateway)
  --json             log as one JSON object a line
  --help

Example
  hypermotion-gateway --config gateway.json --state ./gateway
`;

/** @throws `input.invalid` */
export function parseGatewayOptions(argv: readonly string[]): GatewayOptions {
  const values = parseValues(argv);
  return {
    help: values.help ?? false,
    json: values.json ?? false,
    configFile: resolve(values.config ?? "/etc/hypermotion/gateway.json"),
    stateFolder: resolve(values.state ?? "/var/lib/hypermotion-gateway"),
  };
}

function parseValues(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        config: { type: "string" },
        state: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (cause) {
    const problem = `${cause instanceof Error ? cause.message : String(cause)}; see --help`;
    throw new MigrationError("input.invalid", { where: "hypermotion-gateway", problem }, { cause });
  }
}

/** @throws `input.invalid` naming the file and what is wrong in it */
export async function readBootstrap(file: string): Promise<GatewayBootstrap> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw invalid(file, cause instanceof Error ? cause.message : String(cause), cause);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // The parser's own message would quote the file, and with it the enrolment code.
    throw invalid(file, "it is not JSON", cause);
  }
  const parsed = gatewayBootstrap.safeParse(value);
  if (!parsed.success) throw invalid(file, z.prettifyError(parsed.error), parsed.error);
  if (!parsed.data.consoleUrl.startsWith("https://")) {
    throw invalid(file, "consoleUrl must begin with https://", undefined);
  }
  return { ...parsed.data, consoleUrl: parsed.data.consoleUrl.replace(/\/+$/, "") };
}

function invalid(where: string, problem: string, cause: unknown): MigrationError {
  return new MigrationError("input.invalid", { where, problem }, { cause });
}
