/**
 * What the control plane of the SaaS edition costs, from a run that is measured here: docs/cost.md.
 *
 *   node test/cost/main.ts            writes docs/cost.md
 *   node test/cost/main.ts --json     prints what was counted, and writes nothing
 *
 * A server is moved by the state machines and steps as they are. Counted: transitions, calls and
 * milliseconds of every Lambda, reads and writes of the table, what agents and gateways send.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { spawnSync } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { idlePollSeconds } from "#domain/connection.ts";
import { controlPlanePrices as price } from "#domain/prices.ts";
import { busyPollSeconds } from "#functions/api/agents/orders.ts";
import { openCallback } from "#functions/callbacks.ts";
import { type Deps, hostWith } from "#functions/deps.ts";
import { apiHandler } from "#functions/lambda/api.ts";
import { sessionIdOf } from "#functions/sessions.ts";
import { paidPatienceMs } from "#functions/waiting.ts";
import { alarmCount } from "#infra/alarm-count.ts";
import { bundleSizes } from "#infra/bundle-sizes.ts";
import { countTransitions } from "#local/demo/moving.ts";
import { invokeStep } from "#local/steps.ts";
import { openRunningSite, type RunningSite } from "../e2e/site.ts";
import { openTestConsole, place, registerAgent } from "../fixtures/console.ts";
import { type Metered, metered } from "./meter.ts";

const lambdaGiB = 0.5;
/** A Lambda has a vCPU's share by its memory, one at 1,769 MB. Source: Lambda developer guide, "Memory". */
const slowness = 1769 / 512;

interface Counted extends Metered {
  transitions: number;
  calls: number;
  ms: number;
}

const nothing = (): Counted => ({
  ...{ transitions: 0, calls: 0, ms: 0, reads: 0, writes: 0, events: 0 },
});

interface Measured {
  readonly migration: Counted;
  readonly delta: Counted;
  readonly cleanUp: Counted;
  /** What agent and gateway sent during the migration, beside polls and heartbeats. */
  readonly requests: number;
  readonly poll: Counted;
  readonly busyPoll: Counted;
  readonly heartbeat: Counted;
  /** From nothing to a bundle that is loaded. */
  readonly coldStartMs: number;
}

async function measure(): Promise<Measured> {
  const now = new AsyncLocalStorage<Counted>();
  let phase = nothing();
  const site = await openRunningSite({
    invoke: (name, payload) => {
      const counted = phase;
      return now.run(counted, async () => {
        const startedAt = performance.now();
        counted.calls += 1;
        try {
          return await invokeStep(name, payload);
        } finally {
          counted.ms += performance.now() - startedAt;
        }
      });
    },
  });
  try {
    const { deps } = site.standalone;
    hostWith({
      ...deps,
      store: metered(deps.store, () => now.getStore() ?? nothing()),
    });
    let requests = 0;
    const heard = (message: unknown) => {
      const { url = "" } = (message as { request: { url?: string } }).request;
      if (/^\/v1\/(callbacks|gateways|agents\/me\/sessions)\//.test(url)) requests += 1;
    };
    subscribe("http.server.request.start", heard);
    const { operator, serverId, targetId } = site;
    const seen = new Set<string>();
    const during = async (work: () => Promise<void>): Promise<Counted> => {
      const counted = nothing();
      phase = counted;
      await work();
      counted.transitions = await newTransitions(site, seen);
      return counted;
    };
    const migration = await during(async () => {
      await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
      await operator.succeeded(
        await operator.start(serverId, "launch", { kind: "cutover", repair: false }),
      );
    });
    const sent = requests;
    await operator.succeeded(await operator.start(serverId, "revert", {}));
    await newTransitions(site, seen);
    const delta = await during(async () => {
      await operator.succeeded(await operator.start(serverId, "sync", {}));
    });
    const cleanUp = await during(async () => {
      await operator.succeeded(await operator.start(serverId, "clean-up", {}));
    });
    unsubscribe("http.server.request.start", heard);
    const coldStartMs = await coldStart();
    return { migration, delta, cleanUp, requests: sent, ...(await perRequest()), coldStartMs };
  } finally {
    await site.close();
  }
}

async function newTransitions(site: RunningSite, seen: Set<string>): Promise<number> {
  let transitions = 0;
  for await (const { id } of site.standalone.deps.store.runs.all()) {
    if (seen.has(id)) continue;
    seen.add(id);
    transitions += countTransitions((await site.operator.run(id)).history);
  }
  return transitions;
}

/** One request of each kind that comes again and again, through the app as Lambda hosts it. */
async function perRequest(): Promise<Pick<Measured, "poll" | "busyPoll" | "heartbeat">> {
  const console = await openTestConsole();
  const times = 50;
  try {
    const { serverId, token } = await registerAgent(console);
    const session = { taskToken: "task-1", runId: "run-1" };
    const sessionId = sessionIdOf(session);
    const callback = { ...session, purpose: "sync", serverId, gatewayId: "gw-1" } as const;
    const { order, id: callbackId } = await openCallback(console.deps, callback);
    await console.deps.store.sessions.create({
      ...{ id: sessionId, serverId, gatewayId: "gw-1", runId: "run-1", callbackId },
      ...{ mode: "initial", state: "open", quiesce: false },
    });
    const server = await console.deps.store.servers.get(serverId);
    await place(console, serverId, {
      replication: { ...server.replication, status: "initial-sync", sessionId },
    });
    let counted = nothing();
    const deps: Deps = { ...console.deps, store: metered(console.deps.store, () => counted) };
    const lambda = apiHandler(deps, 1000);
    const orders = "/v1/agents/me/orders?revision=x&wait=25";
    const often = async (
      everySeconds: number,
      method: string,
      path: string,
      body?: unknown,
    ): Promise<Counted> => {
      const event = eventOf(method, path, token, body) as Parameters<typeof lambda>[0];
      await lambda(event);
      counted = nothing();
      for (let time = 0; time < times; time++) {
        // A call is noted in the server's record only so often.
        console.pass(everySeconds);
        const startedAt = performance.now();
        const { statusCode } = await lambda(event);
        if (statusCode >= 300) throw new Error(`${path} answered ${statusCode}`);
        counted.ms += performance.now() - startedAt;
      }
      const { ms, reads, writes } = counted;
      return {
        ...nothing(),
        calls: 1,
        ms: ms / times,
        reads: reads / times,
        writes: writes / times,
      };
    };
    return {
      poll: await often(idlePollSeconds, "GET", orders),
      busyPoll: await often(busyPollSeconds, "GET", orders),
      heartbeat: await often(heartbeatSeconds, "POST", new URL(order.url).pathname, {
        kind: "heartbeat",
        progress: {
          volumes: [],
          ...{
            rateBytesPerSecond: 1e8,
            etaSeconds: 600,
            bottleneck: "line",
            waitingForAgent: false,
          },
        },
      }),
    };
  } finally {
    await console.close();
  }
}

function eventOf(method: string, path: string, token: string, body?: unknown): unknown {
  const [rawPath = "", rawQueryString = ""] = path.split("?");
  return {
    ...{ version: "2.0", routeKey: "$default", rawPath, rawQueryString, isBase64Encoded: false },
    headers: {
      ...{ host: "api.example.com", authorization: `Bearer ${token}` },
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    requestContext: {
      ...{ accountId: "1", apiId: "a", requestId: "r", stage: "$default", timeEpoch: 0 },
      http: { method, path: rawPath, protocol: "HTTP/1.1", sourceIp: "192.0.2.1" },
    },
  };
}

/** The median of a process that loads the bundle of one step, less one that loads nothing. */
async function coldStart(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-cost-"));
  try {
    await bundleSizes(folder);
    const bundle = join(folder, "create-volumes", "index.mjs");
    const took = (code: string) => {
      const startedAt = performance.now();
      const { status } = spawnSync(process.execPath, ["--input-type=module", "--eval", code]);
      if (status !== 0) throw new Error(`the bundle did not load: ${code}`);
      return performance.now() - startedAt;
    };
    const median = (code: string) =>
      Array.from({ length: 9 }, () => took(code)).sort((one, other) => one - other)[4] ?? 0;
    return median(`await import(${JSON.stringify(bundle)})`) - median("0");
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A step says little; Step Functions writes a line when a state is entered and one when it is left. */
const logBytes = 4096;

const lambdaSeconds = (ms: number) => (ms / 1000) * lambdaGiB * price.lambdaGbSecond;

/** US dollars. Every call of a step is taken for a cold start, which is more than it can be. */
function costOfRun(counted: Counted, coldStartMs: number): number {
  return (
    counted.transitions * price.stateTransition +
    counted.calls * price.lambdaRequest +
    lambdaSeconds((counted.ms + counted.calls * coldStartMs) * slowness) +
    counted.reads * price.tableRead +
    counted.writes * price.tableWrite +
    counted.events * price.busEvent +
    ((counted.calls + counted.transitions) * logBytes * price.logGb) / 1e9 +
    counted.calls * price.secretCall
  );
}

function costOfRequest({ ms, reads, writes }: Counted): number {
  return (
    price.apiRequest +
    price.lambdaRequest +
    lambdaSeconds(ms * slowness) +
    reads * price.tableRead +
    writes * price.tableWrite
  );
}

/**
 * What a cloud takes beyond what is measured here, where volumes and instances come in a moment, in seconds:
 * the gateway's volumes and their attachment, the first snapshots, a launch's volumes, the instance, its boot.
 */
const cloudWaits = [10, 10, 15, 300, 20, 60, 30, 60, 120, 90];
const cloudMinutes = sum(cloudWaits) / 60;

/** As in every machine's Retry for NotReady; with full jitter a pause is half of its most on average. */
const backoff = { firstSeconds: 5, rate: 1.5, mostSeconds: 60 };

function costOfWait(seconds: number): number {
  const patience = paidPatienceMs / 1000;
  let passed = 0;
  let cost = 0;
  for (let pause = backoff.firstSeconds; passed < seconds; pause *= backoff.rate) {
    const looks = Math.min(patience, seconds - passed);
    cost += lambdaSeconds(looks * 1000);
    passed += looks;
    if (passed >= seconds) break;
    passed += Math.min(pause, backoff.mostSeconds) / 2;
    cost += price.stateTransition + price.lambdaRequest;
  }
  return cost;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

const copyHours = 1;
/** dataplane/agent/main.ts, dataplane/gateway/daemon.ts */
const heartbeatSeconds = 10;
const secondsOfMonth = 30 * 86_400;

function rowsOf(measured: Measured): [what: string, usd: number][] {
  const { migration, cleanUp, delta, poll, busyPoll, heartbeat, coldStartMs, requests } = measured;
  const copying =
    ((copyHours * 3600) / heartbeatSeconds) * 2 * costOfRequest(heartbeat) +
    ((copyHours * 3600) / busyPollSeconds) * costOfRequest(busyPoll);
  return [
    [
      "A server from registration to cutover, and its clean-up",
      costOfRun(migration, coldStartMs) +
        costOfRun(cleanUp, coldStartMs) +
        requests * costOfRequest(heartbeat),
    ],
    [
      `Waiting ${cloudMinutes.toFixed(0)} minutes for the cloud's volumes, snapshots and instances`,
      sum(cloudWaits.map(costOfWait)),
    ],
    [`Reports and polls during ${copyHours} hour of copying`, copying],
    ["A delta sync", costOfRun(delta, coldStartMs) + sum([10, 60].map(costOfWait))],
    ["An agent that waits, for a month", (secondsOfMonth / idlePollSeconds) * costOfRequest(poll)],
  ];
}

const usd = (value: number) => `$${value.toFixed(5)}`;

function page(measured: Measured): string {
  const rows = rowsOf(measured);
  const of = (index: number) => rows[index]?.[1] ?? Number.NaN;
  const once = of(0) + of(1) + of(2);
  const { migration, delta, cleanUp, poll, heartbeat, coldStartMs } = measured;
  const counts = (name: string, { transitions, calls, ms, reads, writes }: Counted) =>
    `| ${name} | ${transitions} | ${calls} | ${Math.round(ms)} | ${reads} | ${writes} |`;
  const request = (name: string, { ms, reads, writes }: Counted) =>
    `| ${name} | ${ms.toFixed(1)} | ${reads.toFixed(1)} | ${writes.toFixed(1)} |`;
  return `# What the control plane costs

Written by \`node test/cost/main.ts\` from a run that it measures; prices are those of
\`domain/prices.ts\` (list prices, us-east-1, no free tier). It is the SaaS edition's control plane
alone: gateways, volumes and traffic are paid to the target's cloud, and \`hypermotion server show\`
and the event \`leftovers.cost\` speak of those.

| | US dollars |
|---|---|
${rows.map(([what, value]) => `| ${what} | ${usd(value)} |`).join("\n")}
| **One server moved, all of it** | **${usd(once)}** |

So a migrated server costs ${(once * 100).toFixed(2)} US cents; the goal is less than one. A server that is kept
current for a month by a delta sync every hour costs ${usd(of(4) + 720 * of(3))} of control plane; every 15 minutes,
${usd(of(4) + 2880 * of(3))}. A deployment with nothing to do costs about $${fixed().toFixed(2)} a month: its alarms,
a key, a secret, and the calls of its schedules.

## What was counted

| | transitions | Lambda calls | ms | reads (4 KB) | writes (1 KB) |
|---|---|---|---|---|---|
${counts("Migration to cutover", migration)}
${counts("Delta sync", delta)}
${counts("Clean-up", cleanUp)}

| A request | ms | reads | writes |
|---|---|---|---|
${request("Agent asks for orders, idle", poll)}
${request("Agent asks for orders, busy", measured.busyPoll)}
${request("Gateway reports", heartbeat)}

Loading a bundle took ${Math.round(coldStartMs)} ms.

## What is assumed

- A Lambda of 512 MB has 0.29 of a vCPU: every millisecond measured here counts ${slowness.toFixed(1)} times.
- Every call of a step is a cold start, and AWS charges for it, and for the secret it reads. Most are not.
- Each call and each transition leaves ${logBytes / 1024} KiB of log; traces are not counted.
- The cloud takes ${cloudMinutes.toFixed(0)} minutes in all; a step looks for ${paidPatienceMs / 1000} s at a time, then its machine pauses (decision 0004).
- Agent and gateway report every ${heartbeatSeconds} s while they copy; the agent asks for orders every ${busyPollSeconds} s during a run,
  else every ${idlePollSeconds} s.
- A change of a record is counted as written to the table and to its index, whether it changed anything or not.
`;
}

/** Alarms, the topic's key, the callback key's secret, and 43,200 + 8,640 + 30 calls of schedules. */
function fixed(): number {
  const calls = 43_200 + 8640 + 30;
  const each = price.lambdaRequest + lambdaSeconds(150) + 4 * price.tableRead;
  return alarmCount * price.alarmMonth + price.keyMonth + price.secretMonth + calls * each;
}

const measured = await measure();
if (process.argv.includes("--json")) {
  process.stdout.write(
    `${JSON.stringify({ measured, usd: Object.fromEntries(rowsOf(measured)) })}\n`,
  );
} else {
  await writeFile(new URL("../../docs/cost.md", import.meta.url), page(measured));
}
