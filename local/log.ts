/** The console's log: one JSON object a line, in a file of its owner's, without secrets. */
import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { destination, type Logger, pino } from "pino";

/** The file of the last start but one is kept. */
const rotateAboveBytes = 64 * 1024 * 1024;

const secretFields = [
  "password",
  "passwordHash",
  "token",
  "taskToken",
  "controlToken",
  "agentTokenHash",
  "code",
  "enrolmentCode",
  "secret",
  "secrets",
  "credentials",
  "authorization",
  "bootstrap",
  "userData",
];

export async function openLog(folder: string): Promise<Logger> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "console.log");
  await rotate(file);
  const paths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  // Written at once: the lines before a crash are those that matter.
  return pino({ redact: paths }, destination({ dest: file, sync: true, mode: 0o600 }));
}

async function rotate(file: string): Promise<void> {
  try {
    if ((await stat(file)).size > rotateAboveBytes) await rename(file, `${file}.1`);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
