/** What can be said on the agent's command line. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { MigrationError } from "#domain/errors.ts";
import { registrationCode } from "#domain/protocol/agent.ts";
import { parseConsoleAddress } from "./console-address.ts";
import { usualBufferKiB } from "./tracking/tracker.ts";

/** A disk named by the operator, in place of those the agent would find itself. */
export interface NamedDisk {
  readonly path: string;
  readonly role: "system" | "data";
  readonly deviceName?: string;
}

export interface AgentOptions {
  readonly help: boolean;
  /** Ends when the server is registered. */
  readonly registerOnly: boolean;
  /** Tells how things stand, and ends. */
  readonly status: boolean;
  readonly json: boolean;
  /** Undefined: the one of the registration kept in the state folder. */
  readonly consoleUrl: string | undefined;
  readonly code: { readonly text: string; readonly fingerprint: string | undefined } | undefined;
  readonly name: string | undefined;
  readonly stateFolder: string;
  readonly disks: readonly NamedDisk[];
  /** Also those that file systems have free. */
  readonly allBlocks: boolean;
  readonly preHook: string | undefined;
  readonly postHook: string | undefined;
  readonly freezeLimitSeconds: number;
  readonly traceBufferKiB: number;
  /** How often the server is looked at anew. */
  readonly inventoryEverySeconds: number;
}

export const helpText = `hypermotion-agent: copies this server's disks to where the console says

  hypermotion-agent --console <address> --code <registration code>   the first time
  hypermotion-agent                                                  afterwards

  --console <address>      host:port or URL of the console; port 18766 unless another is written
  --code <code>            from: hypermotion server code. Needed once; holds the console's fingerprint
  --register               end when this server is registered; the installer does so (install.sh)
  --status                 whether this server is registered and its agent runs; by the exit status, too
  --name <name>            how the console shows this server (default: its host name)
  --disk [name=]<path>     copy this disk or disk image, may be repeated (default: the server's disks).
                           The first is the system disk, unless :data is appended. name is what the
                           running system calls it
  --all-blocks             copy also what file systems have free: for forensic copies, and for software
                           that keeps data where its file system knows nothing of it
  --pre-hook <command>     run before file systems are frozen, for instance to flush a database
  --post-hook <command>    run after they are thawed, also when the copy failed
  --freeze-limit <seconds> longest time file systems stay frozen (default 300)
  --trace-buffer <KiB>     memory for each CPU in which the kernel keeps news of writes (default 4096)
  --inventory-every <seconds>  how often disks, file systems, network and firewall are looked at anew, for
                           what the console shows and checks (default 60)
  --state <folder>         identity, registration and orders
  --json                   one JSON object a line on standard output
  --help

Examples
  hypermotion-agent --console 192.0.2.10 --code Xy…
  hypermotion-agent --console console.example.com:18766 --code Xy… --name web-1 \\
    --disk sda=/dev/sda --disk sdb=/dev/sdb:data
  hypermotion-agent --console 192.0.2.10 --code Xy… --state ./agent --disk sda=server.raw
`;

/** @throws `input.invalid` */
export function parseAgentOptions(argv: readonly string[], isRoot: boolean): AgentOptions {
  const values = parseValues(argv);
  const stateFolder =
    values.state ??
    (isRoot ? "/var/lib/hypermotion-agent" : join(homedir(), ".local/state/hypermotion-agent"));
  return {
    help: values.help ?? false,
    registerOnly: values.register ?? false,
    status: values.status ?? false,
    json: values.json ?? false,
    consoleUrl: values.console === undefined ? undefined : parseConsoleAddress(values.console),
    code: values.code === undefined ? undefined : parseCode(values.code),
    name: values.name,
    stateFolder: resolve(stateFolder),
    disks: (values.disk ?? []).map(parseDisk),
    allBlocks: values["all-blocks"] ?? false,
    preHook: values["pre-hook"],
    postHook: values["post-hook"],
    freezeLimitSeconds: parseSeconds("--freeze-limit", values["freeze-limit"] ?? "300"),
    inventoryEverySeconds: parseSeconds("--inventory-every", values["inventory-every"] ?? "60"),
    traceBufferKiB: parseKiB("--trace-buffer", values["trace-buffer"] ?? `${usualBufferKiB}`),
  };
}

function parseValues(argv: readonly string[]) {
  try {
    return parseArgs({
      args: joinCode(argv),
      options: {
        console: { type: "string" },
        code: { type: "string" },
        register: { type: "boolean" },
        status: { type: "boolean" },
        name: { type: "string" },
        disk: { type: "string", multiple: true },
        "all-blocks": { type: "boolean" },
        state: { type: "string" },
        "trace-buffer": { type: "string" },
        "inventory-every": { type: "string" },
        "pre-hook": { type: "string" },
        "post-hook": { type: "string" },
        "freeze-limit": { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (cause) {
    const problem = `${cause instanceof Error ? cause.message : String(cause)}; see --help`;
    throw new MigrationError("input.invalid", { where: "hypermotion-agent", problem }, { cause });
  }
}

/** A code is random and may begin with a dash, which the parser would take for an option. */
function joinCode(argv: readonly string[]): string[] {
  const at = argv.indexOf("--code");
  const code = argv[at + 1];
  if (at < 0 || code === undefined) return [...argv];
  return [...argv.slice(0, at), `--code=${code}`, ...argv.slice(at + 2)];
}

/** `[name=]path[:system|:data]`; `index` is its place, the first being the system disk. */
export function parseDisk(typed: string, index: number): NamedDisk {
  const match = /^(?:([a-z][a-z0-9-]{0,30})=)?(.+?)(?::(system|data))?$/i.exec(typed);
  const [, deviceName, path, role] = match ?? [];
  if (path === undefined) {
    throw new MigrationError("input.invalid", { where: "--disk", problem: "a path is needed" });
  }
  const byPlace = index === 0 ? "system" : "data";
  return {
    path: resolve(path),
    role: role === "system" || role === "data" ? role : byPlace,
    ...(deviceName === undefined ? {} : { deviceName }),
  };
}

function parseCode(typed: string): NonNullable<AgentOptions["code"]> {
  const code = registrationCode.safeParse(typed.trim());
  if (!code.success) throw new MigrationError("auth.wrong-code", {});
  return { text: code.data, fingerprint: code.data.split(".")[1] };
}

function parseSeconds(where: string, typed: string): number {
  const seconds = Number(typed);
  if (Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400) return seconds;
  throw new MigrationError("input.invalid", {
    where,
    problem: `${typed} is not a number of seconds`,
  });
}

function parseKiB(where: string, typed: string): number {
  const size = Number(typed);
  if (Number.isInteger(size) && size >= 4 && size <= 1024 * 1024) return size;
  throw new MigrationError("input.invalid", { where, problem: `${typed} is not 4 to 1048576 KiB` });
}
