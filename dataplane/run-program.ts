import {
  describeError,
  errorTable,
  exitStatus,
  type Language,
  MigrationError,
} from "#domain/errors.ts";

/** What a person reads errors in, by the usual environment variables. */
export function languageOf(env: NodeJS.ProcessEnv): Language {
  return (env.LC_ALL ?? env.LANG ?? "").startsWith("zh") ? "zh" : "en";
}

/** Runs a daemon's main function; an error of ours is told in words and as an exit status. */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!isMigrationError(error)) throw error;
    const words = describeError(error.facts, languageOf(process.env));
    process.stderr.write(`${words.message}\n${words.hint}\n`);
    process.exitCode = exitStatus[errorTable[error.code].exit];
  }
}

/** Narrows to any code of the table, which `instanceof` alone does not. */
function isMigrationError(error: unknown): error is MigrationError {
  return error instanceof MigrationError;
}
