import type { Command } from "commander";
import type { Login, SignIn } from "#api/auth.ts";
import { openClient } from "#api/client.ts";
import { MigrationError } from "#domain/errors.ts";
import { askSecret, readAll } from "../ask.ts";
import { addCommand, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { keepSession } from "../sessions.ts";
import { signInElsewhere } from "../sign-in.ts";

interface Options {
  passwordStdin?: boolean;
}

export function addLogin(program: Command, setting: Setting): void {
  addCommand<Options>(program, setting, {
    usage: "login [user]",
    summary: "login",
    args: ["arg user"],
    options: [["--password-stdin", "login stdin"]],
    examples: [
      "hypermotion login",
      "hypermotion login lin --console http://127.0.0.1:18088",
      'printf "%s\\n%s\\n" "$ONE_TIME" "$NEW" | hypermotion login admin --password-stdin',
    ],
    run: (context, [user = "admin"], options) => logIn(context, user, options),
  });
}

async function logIn(context: Context, user: string, options: Options): Promise<void> {
  const { say, out, language, env } = context;
  const baseUrl = await context.consoleUrl();
  const { elsewhere } = await openClient({ baseUrl, language }).signIn();
  if (elsewhere !== undefined) return logInElsewhere(context, baseUrl, elsewhere);
  // Nobody can be asked through a pipe, whether the option says so or not.
  const isPiped = options.passwordStdin === true || context.stdin.isTTY !== true;
  const passwords = isPiped ? await readLines(context) : undefined;
  const anonymous = openClient({ baseUrl, language });
  const password =
    passwords === undefined
      ? await askSecret(context, say("login password", { user }))
      : passwords[0];
  if (password === undefined) {
    throw new MigrationError("input.invalid", {
      where: "stdin",
      problem: "the password is missing",
    });
  }

  let login = await anonymous.login(user, password);
  if (login.mustChangePassword) {
    const chosen = passwords === undefined ? await chooseNew(context) : passwords[1];
    if (chosen === undefined) throw new MigrationError("auth.change-password", { user });
    const { token } = login;
    const self = openClient({ baseUrl, language, token: () => token });
    login = await self.changePassword(password, chosen);
  }
  await keepSession(env, baseUrl, { token: login.token, user });
  if (out.json) out.object(shown(login));
  else out.line(say("login done", { user, role: login.role, expiresAt: login.expiresAt }));
}

async function logInElsewhere(context: Context, baseUrl: string, signIn: SignIn): Promise<void> {
  const { say, out, language, env } = context;
  const { token, refreshToken, expiresAt } = await signInElsewhere(say, signIn);
  const { name: user, role } = await openClient({ baseUrl, language, token: () => token }).me();
  const renewal = refreshToken === undefined ? {} : { renewal: { ...signIn, refreshToken } };
  await keepSession(env, baseUrl, { token, user, expiresAt, ...renewal });
  if (out.json) out.object({ user, role, expiresAt });
  else out.line(say("login done", { user, role, expiresAt }));
}

/** The token stays in its file. */
function shown({ user, role, expiresAt }: Login) {
  return { user, role, expiresAt };
}

async function chooseNew(context: Context): Promise<string> {
  const { say } = context;
  const chosen = await askSecret(context, say("login new"));
  const again = await askSecret(context, say("login again"));
  if (chosen !== again) throw badInput(say("login"), say("login differs"));
  return chosen;
}

async function readLines(context: Context): Promise<string[]> {
  const lines = (await readAll(context.stdin)).split(/\r?\n/);
  return lines.filter((line) => line !== "");
}
