import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { eventTable } from "#domain/events.ts";
import { platforms } from "#domain/platform.ts";
import { alarmCount } from "./alarm-count.ts";
import { handlerNames, root, stepNames } from "./bundle.ts";
import {
  type BundleSize,
  bundleSizes,
  describePlatforms,
  describeSizes,
  platformSizes,
} from "./bundle-sizes.ts";
import { addDeployment, type Deployment } from "./deployment.ts";
import { machineNames, placeholdersIn } from "./machines.ts";

interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties are whatever CloudFormation takes
  readonly Properties: any;
  readonly DeletionPolicy?: string;
}

const template = z.object({ Resources: z.record(z.string(), z.custom<Resource>()) });

const folders: string[] = [];
let bundles: ReadonlyMap<string, string>;
let sizes: readonly BundleSize[];
let all: ReadonlyMap<string, Record<string, Resource>>;

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "hypermotion-infra-test-"));
  folders.push(made);
  return made;
}

/** A deployment with everything in it but the packed data plane, whose place a small file takes. */
async function deployment(
  id = "hypermotion",
): Promise<{ app: App; made: Deployment; out: string }> {
  const out = await folder();
  const software = await folder();
  await writeFile(join(software, "hypermotion.tar.gz"), "packed");
  const cdk = z.object({ context: z.record(z.string(), z.unknown()) });
  const { context } = cdk.parse(JSON.parse(readFileSync(join(root, "cdk.json"), "utf8")));
  const app = new App({ outdir: out, context, analyticsReporting: false });
  const made = addDeployment(app, {
    ...{ id, env: {}, email: "operator@example.com", bundles },
    software: { folder: software, fileName: "hypermotion.tar.gz", sha256: "0".repeat(64) },
  });
  return { app, made, out };
}

beforeAll(async () => {
  const place = await folder();
  sizes = await bundleSizes(place);
  bundles = new Map(sizes.map(({ name }) => [name, join(place, name)]));
  const { app, out } = await deployment();
  // Throws for whatever cdk-nag finds.
  app.synth();
  const files = (await readdir(out)).filter((name) => name.endsWith(".template.json"));
  all = new Map(
    files.map((name) => [
      name.replace(".template.json", "").replace("hypermotion-", ""),
      template.parse(JSON.parse(readFileSync(join(out, name), "utf8"))).Resources,
    ]),
  );
}, 300_000);

afterAll(async () => {
  for (const name of folders) await rm(name, { recursive: true, force: true });
});

/** [stack, logical id, resource] of a type, in all stacks. */
function resources(type: string, stack?: string): [string, string, Resource][] {
  return [...all]
    .filter(([name]) => stack === undefined || name === stack)
    .flatMap(([name, found]) =>
      Object.entries(found)
        .filter(([, resource]) => resource.Type === type)
        .map(([id, resource]): [string, string, Resource] => [name, id, resource]),
    );
}

const words = (value: unknown) => JSON.stringify(value);

test("the stacks are as many as there are life times, and each is far from CloudFormation's limits", () => {
  expect([...all.keys()].sort()).toEqual(
    ["control-plane", "data", "entrance", "events", "observability", "schedules", "site"].sort(),
  );
  for (const [, found] of all) {
    // At most 500 resources and 1 MB. Source: CloudFormation user guide, quotas.
    expect(Object.keys(found).length).toBeLessThan(400);
    expect(words(found).length).toBeLessThan(800_000);
  }
});

test("cdk-nag finds what was not given a reason, and that alone", async () => {
  const { app, made, out } = await deployment();
  new Bucket(made.data, "Careless");

  expect(() => app.synth()).toThrow(/AwsSolutions-S1/);
  process.exitCode = 0;

  const report = readFileSync(join(out, "validation-report.json"), "utf8");
  const { pluginReports } = z
    .object({
      pluginReports: z.array(
        z.object({
          pluginName: z.string(),
          violations: z.array(
            z.object({
              ruleName: z.string(),
              violatingConstructs: z.array(z.object({ constructPath: z.string() })),
            }),
          ),
        }),
      ),
    })
    .parse(JSON.parse(report));
  const found = pluginReports.filter(({ pluginName }) => pluginName === "AwsSolutions");
  const violations = found.flatMap((plugin) => plugin.violations);
  expect(violations.map(({ ruleName }) => ruleName).sort()).toEqual([
    "AwsSolutions-S1",
    "AwsSolutions-S10",
  ]);
  for (const { violatingConstructs } of violations) {
    expect(violatingConstructs.map(({ constructPath }) => constructPath)).toEqual([
      "hypermotion-data/Careless/Resource",
    ]);
  }
}, 60_000);

test.each(["", "UPPER", "9lives", "a".repeat(21), "with space"])(
  "%j can't be the id of a deployment",
  async (id) => {
    await expect(deployment(id)).rejects.toThrow(/can't be the deployment's id/);
  },
);

test("every state machine is its file, word for word, with every placeholder filled", () => {
  const machines = resources("AWS::StepFunctions::StateMachine");
  const byName = new Map(
    machines.map(([, , { Properties }]) => [Properties.StateMachineName, Properties]),
  );

  expect([...byName.keys()].sort()).toEqual(machineNames.map((name) => `hypermotion-${name}`));
  for (const name of machineNames) {
    const made = byName.get(`hypermotion-${name}`);
    const file = readFileSync(join(root, "statemachines", `${name}.asl.json`), "utf8");
    expect(made.DefinitionString).toBe(file);
    const { steps, machines: nested } = placeholdersIn(file);
    expect(Object.keys(made.DefinitionSubstitutions).sort()).toEqual(
      [...steps.keys(), ...nested.keys()].sort(),
    );
    expect(made.TracingConfiguration).toEqual({ Enabled: true });
    expect(made.LoggingConfiguration).toMatchObject({ Level: "ALL", IncludeExecutionData: false });
  }
});

test("a machine may call its own steps and nested machines, and no other", () => {
  const functions = new Map(
    resources("AWS::Lambda::Function", "control-plane").map(([, id, { Properties }]) => [
      id,
      String(Properties.Description),
    ]),
  );
  const roles = resources("AWS::IAM::Role", "control-plane");
  for (const name of machineNames) {
    const definition = readFileSync(join(root, "statemachines", `${name}.asl.json`), "utf8");
    const role = roles.find(([, , { Properties }]) =>
      String(Properties.Description).startsWith(`State machine ${name}:`),
    );
    const statements = statementsOf(role?.[2]);
    const invoked = statements
      .filter(({ Action }) => Action === "lambda:InvokeFunction")
      .flatMap(({ Resource }) => [Resource].flat())
      .map((arn) => functions.get((arn as { "Fn::GetAtt": [string] })["Fn::GetAtt"][0]));

    expect(invoked.sort()).toEqual(
      [...placeholdersIn(definition).steps.values()].map((step) => `Step ${step}`).sort(),
    );
    const started = words(statements.filter(({ Action }) => Action === "states:StartExecution"));
    for (const other of machineNames) {
      const isNested = [...placeholdersIn(definition).machines.values()].includes(other);
      const isOwnMap = other === name && definition.includes("DISTRIBUTED");
      expect(started.includes(`stateMachine:hypermotion-${other}"`)).toBe(isNested || isOwnMap);
    }
  }
});

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

function statementsOf(role: Resource | undefined): Statement[] {
  const policies: { PolicyDocument: { Statement: Statement[] } }[] =
    role?.Properties.Policies ?? [];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

test("every step has a Lambda of its own, on the newest Node LTS and arm64, traced, with a role and a log of its own", () => {
  const made = resources("AWS::Lambda::Function", "control-plane").map(([, , found]) => found);
  const descriptions = made.map(({ Properties }) => String(Properties.Description));

  expect(made).toHaveLength(stepNames.length + handlerNames.length);
  for (const name of stepNames) expect(descriptions).toContain(`Step ${name}`);
  for (const { Properties } of made) {
    expect(Properties).toMatchObject({
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      TracingConfig: { Mode: "Active" },
      Handler: "index.handler",
    });
  }
  const own = (property: "Role" | "LoggingConfig") =>
    new Set(made.map(({ Properties }) => words(Properties[property])));
  expect(own("Role").size).toBe(made.length);
  expect(own("LoggingConfig").size).toBe(made.length);
});

test("every log is kept for a time, and not for ever", () => {
  const logs = resources("AWS::Logs::LogGroup");

  expect(logs.length).toBeGreaterThan(stepNames.length);
  for (const [, , { Properties }] of logs) {
    expect(Properties.RetentionInDays).toBeGreaterThanOrEqual(30);
  }
});

/** The only calls that know no resources, each with its reason beside the code. */
const withoutResources = [
  "xray:PutTraceSegments",
  "xray:PutTelemetryRecords",
  "xray:GetSamplingRules",
  "xray:GetSamplingTargets",
  "logs:CreateLogDelivery",
  "logs:GetLogDelivery",
  "logs:UpdateLogDelivery",
  "logs:DeleteLogDelivery",
  "logs:ListLogDeliveries",
  "logs:PutResourcePolicy",
  "logs:DescribeResourcePolicies",
  "logs:DescribeLogGroups",
];

test("no role may do everything of a service, or anything to all resources that a resource can be named for", () => {
  const ours = resources("AWS::IAM::Role").flatMap(([, id, role]) =>
    statementsOf(role).map((statement) => ({ id, ...statement })),
  );
  const attached = resources("AWS::IAM::Policy").flatMap(([, id, { Properties }]) =>
    (Properties.PolicyDocument.Statement as Statement[]).map((statement) => ({ id, ...statement })),
  );

  expect(ours.length).toBeGreaterThan(100);
  for (const { id, Action, Resource } of [...ours, ...attached]) {
    for (const action of [Action].flat()) {
      expect(`${id} ${action}`).not.toMatch(/\*/);
      if ([Resource].flat().includes("*")) expect(withoutResources).toContain(action);
    }
  }
});

test("what a step does to records is limited to the records it is for", () => {
  const records = resources("AWS::IAM::Role", "control-plane").flatMap(([, id, role]) =>
    statementsOf(role)
      .filter(({ Action }) =>
        [Action].flat().some((action) => /^dynamodb:(?!.*Stream|.*Shard|GetRecords)/.test(action)),
      )
      .map((statement) => ({ id, ...statement })),
  );

  expect(records.length).toBeGreaterThan(50);
  for (const { Condition } of records) {
    const { "dynamodb:LeadingKeys": keys = [] } = (
      Condition as { "ForAllValues:StringLike": { "dynamodb:LeadingKeys"?: string[] } }
    )["ForAllValues:StringLike"];
    expect([keys].flat().length).toBeGreaterThan(0);
    for (const key of [keys].flat()) expect(key).toMatch(/^[a-z-]{3,}(#\*)?$/);
  }
});

test("people sign in; what agents and gateways call, and nothing else, has its own way in", () => {
  const routes = resources("AWS::ApiGatewayV2::Route").map(([, , { Properties }]) => Properties);
  const open = routes.filter(({ AuthorizationType }) => AuthorizationType !== "JWT");

  expect(open.map(({ RouteKey }) => RouteKey).sort()).toEqual([
    "ANY /v1/agents/{proxy+}",
    "GET /healthz",
    "GET /openapi.json",
    "GET /v1/sign-in",
    "POST /v1/callbacks/{proxy+}",
    "POST /v1/gateways/enrol",
    "POST /v1/hyperdoor",
  ]);
  const closed = routes.filter(({ AuthorizationType }) => AuthorizationType === "JWT");
  expect(closed.map(({ RouteKey }) => RouteKey)).toEqual(["$default"]);
  const [[, , stage] = []] = resources("AWS::ApiGatewayV2::Stage");
  expect(stage?.Properties.AccessLogSettings.Format).not.toContain("$context.path");
});

test("records and secrets outlive the stacks, and can be brought back to any second", () => {
  const [[, , table] = []] = resources("AWS::DynamoDB::GlobalTable");

  expect(table?.DeletionPolicy).toBe("Retain");
  expect(table?.Properties.Replicas[0]).toMatchObject({
    DeletionProtectionEnabled: true,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  for (const [, , secret] of resources("AWS::SecretsManager::Secret")) {
    expect(secret.DeletionPolicy).toBe("Retain");
    expect(secret.Properties.SecretString).toBeUndefined();
  }
  for (const [, , bucket] of resources("AWS::S3::Bucket")) {
    expect(bucket.DeletionPolicy).toBe("Retain");
    expect(Object.values(bucket.Properties.PublicAccessBlockConfiguration)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  }
});

test("schedules call what they are to call, and what they gave up is kept and alarmed", () => {
  const schedules = resources("AWS::Scheduler::Schedule").map(([, , { Properties }]) => Properties);

  expect(schedules.map(({ ScheduleExpression }) => ScheduleExpression).sort()).toEqual([
    "rate(1 day)",
    "rate(1 minute)",
    "rate(5 minutes)",
  ]);
  for (const { Target } of schedules) expect(Target.DeadLetterConfig.Arn).toBeDefined();
});

test("an alarm for what must not wait, each told to people; what is alarmed is what is counted", () => {
  const alarms = resources("AWS::CloudWatch::Alarm").map(([, , { Properties }]) => ({
    ...Properties,
    // A metric with a label is written in the longer of the two ways.
    ...Properties.Metrics?.[0]?.MetricStat?.Metric,
  }));
  const types = alarms
    .filter(({ Namespace }) => Namespace === "HyperMotion")
    .map(({ Dimensions }) => Dimensions as { Name: string; Value: string }[])
    .map((dimensions) => dimensions.find(({ Name }) => Name === "type")?.Value ?? "");

  expect(alarms).toHaveLength(alarmCount);
  expect(types.sort()).toEqual([
    ...["lag.over-target", "slots.used-up", "sync.stalled", "verify.differs"],
  ]);
  for (const type of types) expect(Object.keys(eventTable)).toContain(type);
  for (const { AlarmActions } of alarms) expect(AlarmActions).toHaveLength(1);
  for (const name of machineNames) {
    const failed = alarms.filter(({ AlarmDescription }) => AlarmDescription.includes(` ${name} `));
    expect(failed.map(({ MetricName }) => MetricName).sort()).toEqual([
      "ExecutionsFailed",
      "ExecutionsTimedOut",
    ]);
  }
});

test("people hear of trouble and of what they wait for, by event types that exist", () => {
  const rules = resources("AWS::Events::Rule").map(([, , { Properties }]) => Properties);
  const types = rules.flatMap(({ EventPattern }) => EventPattern["detail-type"] as string[]);

  expect(types).toContain("run.failed");
  for (const type of types) expect(Object.keys(eventTable)).toContain(type);
  for (const { EventPattern } of rules) expect(EventPattern.source).toEqual(["hypermotion"]);
});

test("no cloud's SDK is loaded before a target of that cloud is used", async () => {
  const used = await platformSizes(await folder());

  process.stdout.write(`${describePlatforms(used)}\n`);
  expect(used.map(({ platform }) => platform).sort()).toEqual([...platforms].sort());
  const sdkOf = (platform: string) => used.find((one) => one.platform === platform)?.bytes;
  // Those with an SDK of their vendor's, which no other bundle's start holds: each start is below 2 MiB.
  for (const platform of ["aws", "azure", "tencent"]) {
    expect(sdkOf(platform), platform).toBeGreaterThan(100 * 1024);
  }
});

test("each bundle is small, loads as a Lambda would load it, and says what is wrong with its surroundings", async () => {
  process.stdout.write(`${describeSizes(sizes)}\n`);

  expect(sizes).toHaveLength(stepNames.length + handlerNames.length);
  for (const { startBytes } of sizes) expect(startBytes).toBeLessThan(2 * 1024 ** 2);
  for (const [name, place] of bundles) {
    const { handler } = z
      .object({ handler: z.custom<(event: object, context: object) => Promise<unknown>>() })
      .parse(await import(join(place, "index.mjs")));
    await expect(handler({}, {}), name).rejects.toMatchObject({
      message: expect.stringContaining("HYPERMOTION_TABLE"),
    });
  }
}, 120_000);
