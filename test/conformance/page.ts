/**
 *   npm run providers              writes docs/providers.md
 *   npm run providers -- --check   writes nothing; status 1 where the page is old
 *
 * What a provider offers is read from its `describeContract(…)`, whose tests fail where that is not so.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import ts from "typescript";
import { type Platform, platforms } from "#domain/platform.ts";
import { type ProviderMethod, providerMethods } from "./methods.ts";
import { verified } from "./verified.ts";

const { values } = parseArgs({ options: { check: { type: "boolean" } } });
const root = join(import.meta.dirname, "../..");
const place = join(root, "docs/providers.md");

/** What it does without, or undefined where there is no provider. */
function lacking(platform: Platform): readonly string[] | undefined {
  const file = join(root, "providers", platform, "provider.test.ts");
  if (!existsSync(file)) return undefined;
  const tree = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  let found: string[] | undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText(tree) === "describeContract") {
      const [name, options] = node.arguments;
      if (name === undefined || !ts.isStringLiteral(name) || name.text !== platform) return;
      found = options === undefined ? [] : strings(options);
    }
    node.forEachChild(visit);
  };
  visit(tree);
  return found;
}

function strings(node: ts.Node): string[] {
  if (ts.isStringLiteral(node)) return [node.text];
  const all: string[] = [];
  node.forEachChild((child) => {
    all.push(...strings(child));
  });
  return all;
}

function page(): string {
  const lacks = new Map(platforms.map((platform) => [platform, lacking(platform)]));
  const cell = (platform: Platform, method: ProviderMethod) => {
    const without = lacks.get(platform);
    if (without === undefined) return "";
    return without.includes(method) ? "–" : "✓";
  };
  const seen = platforms.map((platform) => {
    if (lacks.get(platform) === undefined) return "";
    const found = verified.filter((one) => one.platform === platform).map((one) => one.seen);
    return platform === "local" ? "here" : found.join("; ") || "no";
  });
  return [
    "# Providers",
    "",
    "Made by `npm run providers`. ✓: implemented, and asked by the conformance suite against the platform's fake (`local`: against itself). –: the platform does without it, as the contract allows. Empty: not built yet.",
    "",
    ...table([
      ["", ...platforms],
      ...providerMethods.map((method) => [
        `\`${method}\``,
        ...platforms.map((platform) => cell(platform, method)),
      ]),
      ["verified on a real account", ...seen],
    ]),
    "",
    "What each platform needs, its quirks and its boot strategies: `providers/<platform>/README.md`. What the methods promise: `providers/provider.ts`. How to add one: [Adding a provider](adding-a-provider.md).",
    "",
  ].join("\n");
}

/** In columns, as the formatter wants them. */
function table([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[], fill = " ") =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0, fill)).join(" | ")} |`;
  return [
    line(head),
    line(
      head.map(() => "-"),
      "-",
    ),
    ...rows.map((row) => line(row)),
  ];
}

if (values.check === true) {
  if (!existsSync(place) || readFileSync(place, "utf8") !== page()) {
    process.stderr.write("docs/providers.md is old: npm run providers\n");
    process.exitCode = 1;
  }
} else {
  writeFileSync(place, page());
}
