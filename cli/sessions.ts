/** Logins, kept per console in a file that only its owner can read. */
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";

const session = z.object({
  token: z.string(),
  user: z.string(),
  /** Where users are kept elsewhere: how long the token holds, and how another is had. */
  expiresAt: z.iso.datetime().optional(),
  renewal: z.object({ issuer: z.url(), clientId: z.string(), refreshToken: z.string() }).optional(),
});
const sessions = z.record(z.string(), session);
type Sessions = z.output<typeof sessions>;

function folder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CONFIG_HOME ?? join(homedir(), ".config"), "hypermotion");
}

/** @throws `state.damaged` */
export async function findSession(
  env: NodeJS.ProcessEnv,
  console: string,
): Promise<Sessions[string] | undefined> {
  return (await readSessions(env))[console];
}

export async function keepSession(
  env: NodeJS.ProcessEnv,
  console: string,
  session: Sessions[string],
): Promise<void> {
  const place = folder(env);
  await mkdir(place, { recursive: true, mode: 0o700 });
  const fresh = join(place, `sessions.json.${process.pid}.new`);
  const file = await open(fresh, "w", 0o600);
  try {
    const all = { ...(await readSessions(env)), [console]: session };
    await file.writeFile(`${JSON.stringify(all, null, 2)}\n`);
  } finally {
    await file.close();
  }
  await rename(fresh, join(place, "sessions.json"));
}

async function readSessions(env: NodeJS.ProcessEnv): Promise<Sessions> {
  const file = join(folder(env), "sessions.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
  try {
    return sessions.parse(JSON.parse(text));
  } catch (cause) {
    throw new MigrationError(
      "state.damaged",
      { file, problem: "it does not hold logins" },
      { cause },
    );
  }
}
