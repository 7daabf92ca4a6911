/**
 * Who may import whom (docs/design.md), checked over every module. Run by `npm run check`. It fails
 * when it saw fewer modules than there must be: a check that sees nothing passes everything.
 */
import { cruise, type IForbiddenRuleType, type IViolation } from "dependency-cruiser";

const rooms = [
  "domain",
  "api",
  "providers",
  "dataplane",
  "functions",
  "store",
  "local",
  "cli",
  "infra",
  "bench",
] as const;
const leastModules = 150;

/** Room → what it may import of ours. `local` and `test` may import anything. */
const allowed: Record<string, readonly string[]> = {
  "domain/": ["domain/"],
  "dataplane/wire/": ["dataplane/wire/"],
  "api/": ["api/", "domain/"],
  "providers/": ["providers/", "domain/"],
  "store/": ["store/", "domain/"],
  "dataplane/agent/": ["dataplane/agent/", "dataplane/wire/", "dataplane/[^/]+$", "domain/"],
  "dataplane/gateway/": ["dataplane/gateway/", "dataplane/wire/", "dataplane/[^/]+$", "domain/"],
  "dataplane/door/": ["dataplane/door/", "dataplane/wire/", "dataplane/[^/]+$", "domain/"],
  "functions/": ["functions/", "domain/", "api/", "providers/", "store/"],
  "infra/": ["infra/", "domain/", "statemachines/"],
  "bench/": ["bench/", "dataplane/", "domain/"],
  "cli/": ["cli/", "api/", "domain/", "dataplane/node-version.mjs$"],
};

const notTests = "\\.test\\.ts$";
const ours = `^(${rooms.join("|")}|test|statemachines)/`;

const roomRules = Object.entries(allowed).map(
  ([room, mayImport]): IForbiddenRuleType => ({
    name: `${room} imports only ${mayImport.join(", ")}`,
    severity: "error",
    from: { path: `^${room}`, pathNot: notTests },
    to: { path: ours, pathNot: mayImport.map((path) => `^${path}`) },
  }),
);

/** A package that appears in exactly one room (or file). */
const keptIn = (packages: string, path: string): IForbiddenRuleType => ({
  name: `${packages} only in ${path}`,
  severity: "error",
  from: { path: "^(?!node_modules)", pathNot: [path, "^test/", notTests] },
  to: { path: `node_modules/(${packages})/` },
});

const rules: IForbiddenRuleType[] = [
  ...roomRules,
  {
    name: "domain and wire import nothing but zod",
    severity: "error",
    from: { path: "^(domain|dataplane/wire)/", pathNot: notTests },
    // The wire's identity is a certificate, which Node itself can't make.
    to: { path: "node_modules/(?!zod/|@peculiar/x509/|reflect-metadata/)" },
  },
  {
    name: "domain does no I/O",
    severity: "error",
    from: { path: "^domain/", pathNot: notTests },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "a cloud never imports another cloud",
    severity: "error",
    from: { path: "^providers/([^/]+)/", pathNot: notTests },
    to: { path: "^providers/[^/]+/", pathNot: "^providers/$1/" },
  },
  { name: "no cycles", severity: "error", from: {}, to: { circular: true } },
  {
    name: "every import resolves",
    severity: "error",
    from: {},
    to: { couldNotResolve: true },
  },
  keptIn("@aws-sdk/client-dynamodb|@aws-sdk/lib-dynamodb", "^store/"),
  keptIn("dynalite", "^local/"),
  keptIn("@alicloud/openapi-client", "^test/clouds/aliyun/"),
  keptIn("tencentcloud-sdk-nodejs", "^providers/tencent/"),
  keptIn("@azure/[^/]+", "^providers/azure/"),
  keptIn("aws-cdk-lib|constructs|cdk-nag", "^infra/"),
];

const { output } = await cruise([...rooms, "test"], {
  validate: true,
  ruleSet: { forbidden: rules },
  doNotFollow: { path: "node_modules" },
  exclude: { path: "^(node_modules/.*/node_modules)" },
  tsPreCompilationDeps: true,
  tsConfig: { fileName: "tsconfig.json" },
  enhancedResolveOptions: {
    exportsFields: ["exports"],
    conditionNames: ["import", "node", "default", "types"],
  },
});
if (typeof output === "string") throw new Error("the cruise gave a text instead of a result");
const { violations, totalCruised } = output.summary;
for (const violation of violations) process.stdout.write(`${sentence(violation)}\n`);
const modules = output.modules.filter(
  (module) => /^[a-z]+\//.test(module.source) && !module.source.startsWith("node_modules"),
).length;
process.stdout.write(
  `import rules: ${modules} modules of ours (${totalCruised} in all), ${violations.length} violations\n`,
);
if (modules < leastModules) {
  process.stdout.write(
    `at least ${leastModules} modules must be seen: the check itself is broken\n`,
  );
}
process.exitCode = violations.length > 0 || modules < leastModules ? 1 : 0;

function sentence({ rule, from, to, cycle }: IViolation): string {
  const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(" → ");
  return `${from} → ${path}\n  breaks: ${rule.name}`;
}
