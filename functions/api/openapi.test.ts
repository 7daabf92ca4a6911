import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createApp } from "#functions/app.ts";
import { openTestConsole, type TestConsole } from "#test/fixtures/console.ts";

let console: TestConsole;
beforeAll(async () => {
  console = await openTestConsole();
});
afterAll(() => console.close());

/** What OpenAPI 3.1 asks of a document, as far as ours uses it. Source: OpenAPI 3.1.1, chapter 4. */
const operation = z.object({
  tags: z.array(z.string()).min(1),
  summary: z.string(),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.enum(["path", "query"]),
        schema: z.record(z.string(), z.unknown()),
      }),
    )
    .optional(),
  requestBody: z.object({ required: z.literal(true) }).optional(),
  responses: z.record(
    z.string().regex(/^(default|[2-5]\d\d)$/),
    z.object({ description: z.string() }),
  ),
});
const apiDocument = z.object({
  openapi: z.literal("3.1.0"),
  info: z.object({ title: z.string(), version: z.string() }),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
  paths: z.record(z.string().startsWith("/"), z.record(z.string(), operation)),
});

async function fetchDocument() {
  const { body } = await console.call("GET", "/openapi.json");
  return { text: JSON.stringify(body), document: apiDocument.parse(body) };
}

test("the document is OpenAPI 3.1, and what it refers to is in it", async () => {
  const { text, document } = await fetchDocument();

  const refs = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
  expect(refs.length).toBeGreaterThan(20);
  for (const [, name = ""] of refs)
    expect(Object.keys(document.components.schemas)).toContain(name);
});

test("each path parameter is described, and none that is not in the path", async () => {
  const { document } = await fetchDocument();

  for (const [path, methods] of Object.entries(document.paths)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const { parameters = [] } of Object.values(methods)) {
      const described = parameters.filter((found) => found.in === "path");
      expect(described.map(({ name }) => name)).toEqual(inPath);
    }
  }
});

test("every route of the app is in the document", async () => {
  const { document } = await fetchDocument();
  const app = createApp(console.deps);
  const routes = app.routes.filter(
    ({ method, path }) => method !== "ALL" && path !== "/openapi.json",
  );

  expect(routes.length).toBeGreaterThan(35);
  for (const { method, path } of routes) {
    const described = document.paths[path.replace(/:(\w+)/g, "{$1}")];
    expect(Object.keys(described ?? {}), `${method} ${path}`).toContain(method.toLowerCase());
  }
});

test("no answer of the document can hold a secret of a record", async () => {
  const { text } = await fetchDocument();

  for (const secret of ["passwordHash", "agentTokenHash", "taskToken", "callbackId"]) {
    expect(text).not.toContain(secret);
  }
});
