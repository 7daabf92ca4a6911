/**
 * `hypermotion`: the console's commands. Everything goes through the API that any other client has.
 *
 *   arguments ─▶ commander ─▶ commands/<name>.ts ─▶ api/client.ts ─▶ console
 *                                  └─▶ output.ts: a table, or JSON
 */
import { Command, CommanderError } from "commander";
import {
  describeError,
  type ErrorFacts,
  errorTable,
  exitStatus,
  factsOf,
  type Language,
} from "#domain/errors.ts";
import { version } from "#domain/version.ts";
import type { Setting } from "./command.ts";
import { addAccept } from "./commands/accept.ts";
import { addCheck } from "./commands/check.ts";
import { addCleanUp } from "./commands/clean-up.ts";
import { addGateway } from "./commands/gateway.ts";
import { addLaunch } from "./commands/launch.ts";
import { addLogin } from "./commands/login.ts";
import { addLogs } from "./commands/logs.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addPlan } from "./commands/plan.ts";
import { addRescue } from "./commands/rescue.ts";
import { addRevert } from "./commands/revert.ts";
import { addRuns } from "./commands/runs.ts";
import { addSchedule } from "./commands/schedule.ts";
import { addServer } from "./commands/server.ts";
import { addStatus } from "./commands/status.ts";
import { addSync } from "./commands/sync.ts";
import { addTarget } from "./commands/target.ts";
import { addUp } from "./commands/up.ts";
import { addUser } from "./commands/user.ts";
import { addVerify } from "./commands/verify.ts";
import { addVersion } from "./commands/version.ts";
import { addWave } from "./commands/wave.ts";
import { addWebhook } from "./commands/webhook.ts";
import { createContext } from "./context.ts";
import { languageOf } from "./language.ts";
import { createOutput } from "./output.ts";
import { type Say, speaker } from "./words.ts";
import { problemOf } from "./wrong-use.ts";

const titles = ["Usage:", "Arguments:", "Options:", "Commands:"] as const;

const args = process.argv.slice(2);
const language = languageOf(args, process.env);
const say = speaker(language);

// Whoever reads us (head, less) has seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const program = createProgram(say, language);
try {
  await program.parseAsync(args, { from: "user" });
} catch (error) {
  process.exitCode = tell(error);
}

function createProgram(say: Say, language: Language): Command {
  const root = new Command("hypermotion")
    .description(say("program"))
    .version(version, "-V, --version", say("option version"))
    .helpOption("-h, --help", say("option help"))
    .helpCommand(false)
    .option("--lang <language>", say("option lang"))
    .addHelpText("after", `\n${say("exit statuses")}`)
    .configureHelp({ styleTitle: (title) => (isTitle(title) ? say(title) : title) });
  // Commands made later take these over.
  root.exitOverride().configureOutput({ writeErr: () => undefined });
  const setting: Setting = {
    say,
    context: (options) =>
      createContext({
        language,
        env: process.env,
        out: createOutput(process, options.json === true),
        stdin: process.stdin,
        console: options.console,
      }),
  };
  for (const add of [
    addUp,
    addLogin,
    addTarget,
    addServer,
    addCheck,
    addPlan,
    addMigrate,
    addWave,
    addSync,
    addVerify,
    addLaunch,
    addRescue,
    addAccept,
    addRevert,
    addCleanUp,
    addRuns,
    addSchedule,
    addStatus,
    addLogs,
    addGateway,
    addWebhook,
    addUser,
    addVersion,
  ]) {
    add(root, setting);
  }
  return root;
}

function isTitle(text: string): text is (typeof titles)[number] {
  return titles.some((title) => title === text);
}

/** @returns the exit status */
function tell(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    return tellFacts(
      {
        code: "input.invalid",
        params: { where: say("wrong use"), problem: problemOf(error, say) },
      },
      say("see help", { command: commandOf(program) }),
    );
  }
  const facts = factsOf(error);
  if (facts.code === "internal.unexpected" && process.env.HYPERMOTION_DEBUG !== undefined) {
    console.error(error);
  }
  return tellFacts(facts);
}

function tellFacts(facts: ErrorFacts, ownHint?: string): number {
  const { message, hint: usualHint } = describeError(facts, language);
  const hint = ownHint ?? usualHint;
  const out = createOutput(process, args.includes("--json"));
  if (out.json) out.error(JSON.stringify({ error: { ...facts, message, hint } }));
  else out.error(`${message}\n${hint}`);
  return exitStatus[errorTable[facts.code].exit];
}

/** The words that name commands, up to the first that does not: its help is the one to read. */
function commandOf(root: Command): string {
  const words = ["hypermotion"];
  let place: Command | undefined = root;
  for (const arg of args) {
    place = place.commands.find((child) => [child.name(), ...child.aliases()].includes(arg));
    if (place === undefined) break;
    words.push(arg);
  }
  return words.join(" ");
}
