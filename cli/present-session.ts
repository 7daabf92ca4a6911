/** The login kept for a console, renewed where it has run out. */
import { findSession, keepSession } from "./sessions.ts";
import { renew } from "./sign-in.ts";

/** A call takes a moment, and clocks differ. */
const marginMs = 60_000;

/** @throws `auth.sign-in-failed` when it can't be renewed any more, `state.damaged` */
export async function presentSession(
  env: NodeJS.ProcessEnv,
  console: string,
): Promise<{ token: string } | undefined> {
  const session = await findSession(env, console);
  if (session?.renewal === undefined || session.expiresAt === undefined) return session;
  if (Date.parse(session.expiresAt) - marginMs > Date.now()) return session;
  const { refreshToken, ...signIn } = session.renewal;
  const tokens = await renew(signIn, refreshToken);
  await keepSession(env, console, {
    ...{ token: tokens.token, user: session.user, expiresAt: tokens.expiresAt },
    renewal: { ...signIn, refreshToken: tokens.refreshToken ?? refreshToken },
  });
  return tokens;
}
