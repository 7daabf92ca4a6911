import { createRoute, z } from "@hono/zod-openapi";
import { changeLimitRequest, targetLimitsView } from "#api/limits.ts";
import { pageOf, pageQuery } from "#api/paging.ts";
import { planRequest, planView } from "#api/plans.ts";
import { runView as runViewSchema } from "#api/runs.ts";
import {
  checkView,
  choicesRequest,
  choicesView,
  createTargetRequest,
  deepCheckPlan,
  instanceTypeView,
  type PlatformView,
  platformView,
  type TargetView,
  targetView,
} from "#api/targets.ts";
import type { Language } from "#domain/errors.ts";
import type { Target } from "#domain/records.ts";
import { systemClock } from "#providers/clock.ts";
import {
  listChoices,
  type TargetPlatform,
  targetPlatforms,
  targetSchemas,
} from "#providers/registry.ts";
import { jsonSchemaOf, targetFields } from "#providers/target-fields.ts";
import { askCloud } from "#providers/wrap.ts";
import { type Deps, noRun } from "../../deps.ts";
import { allowedTypes, limitsOf } from "../../limits.ts";
import { startTargetCheck } from "../../target-checks.ts";
import { allow } from "../auth/guard.ts";
import { listOptions } from "../paging.ts";
import {
  byPerson,
  idParam,
  jsonAnswer,
  jsonBody,
  newRouter,
  type Router,
  refusals,
} from "../router.ts";
import { runView } from "../runs/view.ts";
import { checkNewTarget, createTarget, removeTarget } from "./create.ts";
import { planDeepCheck } from "./deep-check.ts";
import { changeLimit, targetLimits } from "./limits.ts";
import { planTarget } from "./plan.ts";

const tags = ["targets"];
function routes(deps: Deps) {
  const viewer = [allow(deps, "viewer")];
  const administrator = [allow(deps, "administrator")];
  const params = idParam;
  return {
    platforms: createRoute({
      method: "get",
      path: "/v1/platforms",
      tags,
      summary: "What a target can be, and what each needs to know",
      security: byPerson,
      middleware: viewer,
      responses: { 200: jsonAnswer("Platforms", pageOf(platformView)), ...refusals },
    }),
    choices: createRoute({
      method: "post",
      path: "/v1/platforms/{platform}/choices",
      tags,
      summary: "List what a setting can be at the platform, by credentials that are not kept",
      security: byPerson,
      middleware: administrator,
      request: {
        params: z.object({ platform: z.string().max(50) }),
        body: jsonBody(choicesRequest),
      },
      responses: { 200: jsonAnswer("Choices", choicesView), ...refusals },
    }),
    list: createRoute({
      method: "get",
      path: "/v1/targets",
      tags,
      summary: "List targets, newest first",
      security: byPerson,
      middleware: viewer,
      request: { query: pageQuery },
      responses: { 200: jsonAnswer("Targets", pageOf(targetView)), ...refusals },
    }),
    create: createRoute({
      method: "post",
      path: "/v1/targets",
      tags,
      summary: "Add a target after checking its credentials",
      security: byPerson,
      middleware: administrator,
      request: { body: jsonBody(createTargetRequest) },
      responses: { 201: jsonAnswer("Added", targetView), ...refusals },
    }),
    checkNew: createRoute({
      method: "post",
      path: "/v1/targets/check",
      tags,
      summary: "Check what a target would be added with; keeps nothing",
      security: byPerson,
      middleware: administrator,
      request: { body: jsonBody(createTargetRequest) },
      responses: { 200: jsonAnswer("It is good", checkView), ...refusals },
    }),
    show: createRoute({
      method: "get",
      path: "/v1/targets/{id}",
      tags,
      summary: "Show a target",
      security: byPerson,
      middleware: viewer,
      request: { params },
      responses: { 200: jsonAnswer("The target", targetView), ...refusals },
    }),
    check: createRoute({
      method: "post",
      path: "/v1/targets/{id}/check",
      tags,
      summary: "Ask the target whether it answers and the credentials hold",
      security: byPerson,
      middleware: [allow(deps, "operator")],
      request: { params },
      responses: { 200: jsonAnswer("It does", checkView), ...refusals },
    }),
    planDeepCheck: createRoute({
      method: "get",
      path: "/v1/targets/{id}/deep-check",
      tags,
      summary: "What a deep check would make and roughly cost; makes nothing",
      security: byPerson,
      middleware: [allow(deps, "operator")],
      request: { params },
      responses: { 200: jsonAnswer("The plan", deepCheckPlan), ...refusals },
    }),
    deepCheck: createRoute({
      method: "post",
      path: "/v1/targets/{id}/deep-check",
      tags,
      summary:
        "Make, hang, take off and delete one smallest volume, to prove that the target lets us",
      security: byPerson,
      middleware: [allow(deps, "operator")],
      request: { params },
      responses: { 202: jsonAnswer("Started", runViewSchema), ...refusals },
    }),
    instanceTypes: createRoute({
      method: "get",
      path: "/v1/targets/{id}/instance-types",
      tags,
      summary: "What instances the target offers",
      security: byPerson,
      middleware: viewer,
      request: { params },
      responses: { 200: jsonAnswer("Types", pageOf(instanceTypeView)), ...refusals },
    }),
    subnets: createRoute({
      method: "get",
      path: "/v1/targets/{id}/subnets",
      tags,
      summary: "The subnets that servers can be launched into; none where a launch takes none",
      security: byPerson,
      middleware: viewer,
      request: { params },
      responses: { 200: jsonAnswer("Subnets", choicesView), ...refusals },
    }),
    securityGroups: createRoute({
      method: "get",
      path: "/v1/targets/{id}/security-groups",
      tags,
      summary:
        "The security groups that launched servers can be given; none where a launch takes none",
      security: byPerson,
      middleware: viewer,
      request: { params },
      responses: { 200: jsonAnswer("Security groups", choicesView), ...refusals },
    }),
    plan: createRoute({
      method: "post",
      path: "/v1/targets/{id}/plan",
      tags,
      summary: "Show where servers would go, what would wait and why; changes nothing",
      security: byPerson,
      middleware: viewer,
      request: { params, body: jsonBody(planRequest) },
      responses: { 200: jsonAnswer("The plan", planView), ...refusals },
    }),
    limits: createRoute({
      method: "get",
      path: "/v1/targets/{id}/limits",
      tags,
      summary: "Show every limit of a target: the document's, its own, the cloud's, what holds",
      security: byPerson,
      middleware: viewer,
      request: { params },
      responses: { 200: jsonAnswer("The limits", targetLimitsView), ...refusals },
    }),
    changeLimit: createRoute({
      method: "put",
      path: "/v1/targets/{id}/limits/{name}",
      tags,
      summary: "Change one limit of a target, with the reason",
      security: byPerson,
      middleware: administrator,
      request: {
        params: idParam.extend({ name: z.string().min(1).max(100) }),
        body: jsonBody(changeLimitRequest),
      },
      responses: { 200: jsonAnswer("Changed", targetLimitsView), ...refusals },
    }),
    remove: createRoute({
      method: "delete",
      path: "/v1/targets/{id}",
      tags,
      summary: "Forget a target that nothing uses",
      security: byPerson,
      middleware: administrator,
      request: { params },
      responses: { 204: { description: "Removed" }, ...refusals },
    }),
  };
}

export function targetRoutes(deps: Deps): Router {
  const router = newRouter();
  const route = routes(deps);
  const find = (id: string) => deps.store.targets.get(id);

  router.openapi(route.platforms, (c) => {
    const items = targetPlatforms.map((name) => platform(name, c.var.language));
    return c.json({ items }, 200);
  });
  router.openapi(route.choices, async (c) => {
    const { field, config, credentials: secrets } = c.req.valid("json");
    const { platform } = c.req.valid("param");
    const clock = { ...systemClock, sleep: deps.sleep };
    const question = { platform, method: `choices of ${field}`, log: deps.log, secrets, clock };
    const found = await askCloud(question, () => listChoices(platform, field, { config, secrets }));
    return c.json({ items: [...found] }, 200);
  });
  router.openapi(route.list, async (c) => {
    const page = await deps.store.targets.list(listOptions(c.req.valid("query")));
    return c.json({ ...page, items: page.items.map(view) }, 200);
  });
  router.openapi(route.create, async (c) =>
    c.json(view(await createTarget(deps, c.req.valid("json"), c.var.person.name)), 201),
  );
  router.openapi(route.checkNew, async (c) => {
    await checkNewTarget(deps, c.req.valid("json"), c.var.person.name);
    return c.json({ ok: true as const }, 200);
  });
  router.openapi(route.show, async (c) => c.json(view(await find(c.req.valid("param").id)), 200));
  router.openapi(route.check, async (c) => {
    const provider = await deps.providerFor(await find(c.req.valid("param").id), noRun);
    await provider.check();
    return c.json({ ok: true as const }, 200);
  });
  router.openapi(route.planDeepCheck, async (c) => {
    const target = await find(c.req.valid("param").id);
    return c.json(await planDeepCheck(deps, target, await deps.providerFor(target, noRun)), 200);
  });
  router.openapi(route.deepCheck, async (c) => {
    const { id } = await find(c.req.valid("param").id);
    return c.json(runView(await startTargetCheck(deps, id), c.var.language), 202);
  });
  router.openapi(route.instanceTypes, async (c) => {
    const target = await find(c.req.valid("param").id);
    const provider = await deps.providerFor(target, noRun);
    const types = await allowedTypes(provider, await limitsOf(target, provider));
    return c.json({ items: types.map((type) => ({ ...type, firmware: [...type.firmware] })) }, 200);
  });
  router.openapi(route.subnets, async (c) => {
    const { network } = await deps.providerFor(await find(c.req.valid("param").id), noRun);
    return c.json({ items: [...((await network.listSubnets?.()) ?? [])] }, 200);
  });
  router.openapi(route.securityGroups, async (c) => {
    const { network } = await deps.providerFor(await find(c.req.valid("param").id), noRun);
    return c.json({ items: [...((await network.listSecurityGroups?.()) ?? [])] }, 200);
  });
  router.openapi(route.plan, async (c) => {
    const target = await find(c.req.valid("param").id);
    return c.json(await planTarget(deps, target, c.req.valid("json"), c.var.language), 200);
  });
  router.openapi(route.limits, async (c) => {
    const target = await find(c.req.valid("param").id);
    const provider = await deps.providerFor(target, noRun);
    return c.json(targetLimits(target, await provider.capabilities(), c.var.language), 200);
  });
  router.openapi(route.changeLimit, async (c) => {
    const { id, name } = c.req.valid("param");
    // First, so that a cloud that does not answer leaves nothing half said.
    const can = await (await deps.providerFor(await find(id), noRun)).capabilities();
    const change = { ...c.req.valid("json"), name, by: c.var.person.name };
    const target = await changeLimit(deps, id, change);
    return c.json(targetLimits(target, can, c.var.language), 200);
  });
  router.openapi(route.remove, async (c) => {
    await removeTarget(deps, await find(c.req.valid("param").id));
    return c.body(null, 204);
  });
  return router;
}

function platform(name: TargetPlatform, language: Language): PlatformView {
  const { config, secrets, policy, chosen } = targetSchemas(name);
  return {
    platform: name,
    config: jsonSchemaOf(config),
    credentials: jsonSchemaOf(secrets),
    fields: targetFields(name).map(({ words, ...field }) => ({
      ...field,
      text: words?.[language] ?? field.path,
      hasChoices: field.in === "config" && chosen.includes(field.path),
    })),
    ...(policy === undefined ? {} : { policy: { ...policy } }),
  };
}

function view(target: Target): TargetView {
  const {
    version: _version,
    updatedAt: _updatedAt,
    gatewayIds: _gatewayIds,
    gatewaysMade: _gatewaysMade,
    limitChanges: _limitChanges,
    ...shown
  } = target;
  return shown;
}
