import { afterAll, beforeAll, expect, test } from "vitest";
import { addUser, openTestConsole, password, type TestConsole } from "#test/fixtures/console.ts";
import { createUser } from "./users.ts";

let console: TestConsole;
beforeAll(async () => {
  console = await openTestConsole();
});
afterAll(() => console.close());

const login = (user: string, given: string) =>
  console.call("POST", "/v1/login", { body: { user, password: given } });

test("a one-time password only serves to choose a new one, which then works and the old one does not", async () => {
  const { oneTimePassword } = await createUser(console.deps, "first", "administrator");

  const first = await login("first", oneTimePassword);
  expect(first.body.mustChangePassword).toBe(true);
  const early = await console.call("GET", "/v1/servers", { token: first.body.token });
  const changed = await console.call("POST", "/v1/me/password", {
    token: first.body.token,
    body: { oldPassword: oneTimePassword, newPassword: password },
  });

  expect([early.status, early.body.error.code]).toEqual([403, "auth.change-password"]);
  expect(changed.body.mustChangePassword).toBe(false);
  const own = await console.call("GET", "/v1/me", { token: changed.body.token });
  expect(own.body).toMatchObject({ name: "first", role: "administrator", oneTime: false });
  // The session of the old password ended with it.
  expect((await console.call("GET", "/v1/me", { token: first.body.token })).status).toBe(401);
  expect((await login("first", oneTimePassword)).status).toBe(401);
  expect((await login("first", password)).status).toBe(200);
});

test("the new password must be long and another one", async () => {
  const { oneTimePassword } = await createUser(console.deps, "choosy", "viewer");
  const { token } = (await login("choosy", oneTimePassword)).body;
  const change = (newPassword: string) =>
    console.call("POST", "/v1/me/password", {
      token,
      body: { oldPassword: oneTimePassword, newPassword },
    });

  expect((await change("short")).status).toBe(400);
  expect((await change(oneTimePassword)).status).toBe(400);
  const wrongOld = await console.call("POST", "/v1/me/password", {
    token,
    body: { oldPassword: "no", newPassword: password },
  });
  expect(wrongOld.status).toBe(401);
});

test("a wrong password and an unknown user are refused alike", async () => {
  await addUser(console.deps, "known", "viewer");
  const known = await login("known", "wrong");
  const unknown = await login("nobody-here", "wrong");

  expect(known.status).toBe(401);
  expect(unknown.body).toEqual(known.body);
});

test("after five wrong passwords a name has to wait, longer each time, and the right one works after that", async () => {
  await addUser(console.deps, "slow", "viewer");
  for (let index = 0; index < 5; index++) {
    expect((await login("slow", "wrong")).status).toBe(401);
  }

  const refused = await login("slow", password);
  expect([refused.status, refused.body.error.code]).toEqual([429, "auth.throttled"]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  console.pass(2);
  expect((await login("slow", "wrong")).status).toBe(401);
  console.pass(1.5);
  expect((await login("slow", password)).status).toBe(429);
  console.pass(2);
  expect((await login("slow", password)).status).toBe(200);
});

test("a session ends after twelve hours", async () => {
  const token = await console.personOf("viewer");
  console.pass(11 * 3600);
  expect((await console.call("GET", "/v1/me", { token })).status).toBe(200);

  console.pass(2 * 3600);

  expect((await console.call("GET", "/v1/me", { token })).body.error.code).toBe("auth.required");
});

test("a token that was changed in any place is refused", async () => {
  const token = await console.personOf("administrator");
  const [body = "", signature = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url").toString());
  const later = { ...claims, expiresAt: "2099-01-01T00:00:00.000Z" };
  const forged = Buffer.from(JSON.stringify(later)).toString("base64url");

  for (const bad of [
    `${forged}.${signature}`,
    `${body}.`,
    body,
    ".",
    `${body}.${"A".repeat(43)}`,
  ]) {
    expect((await console.call("GET", "/v1/me", { token: bad })).status, bad).toBe(401);
  }
});

test("roles: a viewer looks, an operator moves servers, an administrator has targets and users", async () => {
  const viewer = await console.personOf("viewer");
  const operator = await console.personOf("operator");
  const status = async (token: string, method: string, path: string, body?: unknown) =>
    (await console.call(method, path, { token, ...(body === undefined ? {} : { body }) })).status;

  expect(await status(viewer, "GET", "/v1/servers")).toBe(200);
  expect(await status(viewer, "POST", "/v1/codes", {})).toBe(403);
  expect(await status(viewer, "POST", "/v1/servers/srv-x/sync")).toBe(403);
  expect(await status(operator, "POST", "/v1/codes", {})).toBe(201);
  expect(await status(operator, "POST", "/v1/targets", { name: "t", platform: "local" })).toBe(403);
  expect(await status(operator, "GET", "/v1/users")).toBe(403);
  const refused = await console.call("GET", "/v1/users", { token: operator });
  expect(refused.body.error.params).toEqual({ role: "operator", needed: "administrator" });
});

test("a role taken away is gone from sessions that are open", async () => {
  const admin = await console.personOf("administrator");
  const { body: made } = await console.call("POST", "/v1/users", {
    token: admin,
    body: { name: "lin", role: "operator" },
  });
  const { token: temporary } = (await login("lin", made.oneTimePassword)).body;
  const { body: session } = await console.call("POST", "/v1/me/password", {
    token: temporary,
    body: { oldPassword: made.oneTimePassword, newPassword: password },
  });

  await console.call("PATCH", "/v1/users/lin", { token: admin, body: { role: "viewer" } });
  const asViewer = await console.call("POST", "/v1/codes", { token: session.token, body: {} });
  await console.call("DELETE", "/v1/users/lin", { token: admin });
  const asNobody = await console.call("GET", "/v1/me", { token: session.token });

  expect([asViewer.status, asNobody.status]).toEqual([403, 401]);
});

test("the last administrator can be neither removed nor demoted", async () => {
  const alone = await openTestConsole();
  const token = await alone.personOf("administrator");
  const { body: me } = await alone.call("GET", "/v1/me", { token });

  const removed = await alone.call("DELETE", `/v1/users/${me.name}`, { token });
  const demoted = await alone.call("PATCH", `/v1/users/${me.name}`, {
    token,
    body: { role: "viewer" },
  });

  expect([removed.status, demoted.status]).toEqual([409, 409]);
  await alone.close();
});

test("no answer about people holds a password's hash", async () => {
  const token = await console.personOf("administrator");
  const { body } = await console.call("GET", "/v1/users", { token });

  expect(JSON.stringify(body)).not.toContain("scrypt");
});
