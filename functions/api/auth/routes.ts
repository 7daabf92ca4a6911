import { createRoute, z } from "@hono/zod-openapi";
import {
  changePasswordRequest,
  changeUserRequest,
  createUserRequest,
  type Login,
  loginRequest,
  loginResponse,
  signInView,
  type UserView,
  userName,
  userView,
  userWithPassword,
} from "#api/auth.ts";
import { pageOf } from "#api/paging.ts";
import { MigrationError } from "#domain/errors.ts";
import type { User } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { byPerson, jsonAnswer, jsonBody, newRouter, type Router, refusals } from "../router.ts";
import { allow, allowAnyone, onlyHere } from "./guard.ts";
import { issueSession } from "./session.ts";
import { createThrottle } from "./throttle.ts";
import {
  changePassword,
  checkPassword,
  createUser,
  requireOtherAdministrator,
  resetPassword,
} from "./users.ts";

const tags = ["people"];
const nameParam = z.object({ name: userName });

function routes(deps: Deps) {
  const here = onlyHere(deps);
  const administrator = [here, allow(deps, "administrator")];
  return {
    signIn: createRoute({
      method: "get",
      path: "/v1/sign-in",
      tags,
      summary: "Where people sign in",
      responses: { 200: jsonAnswer("Here or elsewhere", signInView), ...refusals },
    }),
    login: createRoute({
      method: "post",
      path: "/v1/login",
      tags,
      summary: "Get a session token for user name and password",
      middleware: [here],
      request: { body: jsonBody(loginRequest) },
      responses: { 200: jsonAnswer("Logged in", loginResponse), ...refusals },
    }),
    changePassword: createRoute({
      method: "post",
      path: "/v1/me/password",
      tags,
      summary: "Choose a new password; ends all other sessions",
      security: byPerson,
      middleware: [here, allowAnyone(deps)],
      request: { body: jsonBody(changePasswordRequest) },
      responses: { 200: jsonAnswer("Changed, with a new session", loginResponse), ...refusals },
    }),
    me: createRoute({
      method: "get",
      path: "/v1/me",
      tags,
      summary: "Who this session belongs to",
      security: byPerson,
      middleware: [allow(deps, "viewer")],
      responses: { 200: jsonAnswer("The user", userView), ...refusals },
    }),
    list: createRoute({
      method: "get",
      path: "/v1/users",
      tags,
      summary: "List users",
      security: byPerson,
      middleware: administrator,
      responses: { 200: jsonAnswer("Users", pageOf(userView)), ...refusals },
    }),
    create: createRoute({
      method: "post",
      path: "/v1/users",
      tags,
      summary: "Create a user with a one-time password",
      security: byPerson,
      middleware: administrator,
      request: { body: jsonBody(createUserRequest) },
      responses: { 201: jsonAnswer("Created", userWithPassword), ...refusals },
    }),
    change: createRoute({
      method: "patch",
      path: "/v1/users/{name}",
      tags,
      summary: "Change a user's role, or give a new one-time password",
      security: byPerson,
      middleware: administrator,
      request: { params: nameParam, body: jsonBody(changeUserRequest) },
      responses: { 200: jsonAnswer("Changed", userWithPassword), ...refusals },
    }),
    remove: createRoute({
      method: "delete",
      path: "/v1/users/{name}",
      tags,
      summary: "Remove a user; ends all sessions",
      security: byPerson,
      middleware: administrator,
      request: { params: nameParam },
      responses: { 204: { description: "Removed" }, ...refusals },
    }),
  };
}

export function authRoutes(deps: Deps): Router {
  const router = newRouter();
  const throttle = createThrottle(deps.now);
  const route = routes(deps);

  router.openapi(route.signIn, (c) => {
    const { signIn } = deps;
    return c.json(signIn === undefined ? {} : { elsewhere: signIn }, 200);
  });
  router.openapi(route.login, async (c) => {
    const { user: name, password } = c.req.valid("json");
    return c.json(sessionView(deps, await checkPassword(deps, throttle, name, password)), 200);
  });
  router.openapi(route.changePassword, async (c) => {
    const { name } = c.var.person;
    const { oldPassword, newPassword } = c.req.valid("json");
    await checkPassword(deps, throttle, name, oldPassword);
    if (newPassword === oldPassword) {
      throw new MigrationError("input.invalid", {
        where: "newPassword",
        problem: "must differ from the old one",
      });
    }
    return c.json(sessionView(deps, await changePassword(deps, name, newPassword)), 200);
  });
  router.openapi(route.me, async (c) => {
    const { name, role } = c.var.person;
    if (deps.signIn !== undefined) return c.json({ name, role, oneTime: false }, 200);
    return c.json(view(await deps.store.users.get(name)), 200);
  });
  router.openapi(route.list, async (c) => {
    const items: UserView[] = [];
    for await (const user of deps.store.users.all()) items.push(view(user));
    return c.json({ items }, 200);
  });
  router.openapi(route.create, async (c) => {
    const { name, role } = c.req.valid("json");
    const { user, oneTimePassword } = await createUser(deps, name, role);
    return c.json({ ...view(user), oneTimePassword }, 201);
  });
  router.openapi(route.change, async (c) => {
    const { name } = c.req.valid("param");
    const { role, resetPassword: asksForReset } = c.req.valid("json");
    let user = await deps.store.users.get(name);
    if (role !== undefined && role !== user.role) {
      if (user.role === "administrator") await requireOtherAdministrator(deps, name);
      user = await deps.store.users.update(name, (old) => ({ ...old, role }));
    }
    if (!asksForReset) return c.json(view(user), 200);
    const reset = await resetPassword(deps, name);
    return c.json({ ...view(reset.user), oneTimePassword: reset.oneTimePassword }, 200);
  });
  router.openapi(route.remove, async (c) => {
    const { name } = c.req.valid("param");
    const user = await deps.store.users.get(name);
    if (user.role === "administrator") await requireOtherAdministrator(deps, name);
    await deps.store.users.delete(name);
    return c.body(null, 204);
  });
  return router;
}

function view(user: User): UserView {
  return { name: user.id, role: user.role, oneTime: user.oneTime, createdAt: user.createdAt };
}

function sessionView(deps: Deps, user: User): Login {
  return {
    ...issueSession(deps, user),
    user: user.id,
    role: user.role,
    mustChangePassword: user.oneTime,
  };
}
