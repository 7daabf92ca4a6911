/**
 * A process of many migrations at once, each of which takes a place on a gateway by the product's own
 * steps, keeps it a moment and gives it back. It may be killed at any time and started anew; with
 * `--die-after-writes N` it kills itself, as `kill -9` would, at its N-th write of a slot, of a place
 * in the queue, or of what leads to them: just sent, or just answered.
 */
import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { MigrationError } from "#domain/errors.ts";
import type { Deps } from "#functions/deps.ts";
import { placeVolumes } from "#functions/steps/plan-placement/index.ts";
import { releaseSlots } from "#functions/steps/release-slots/index.ts";
import { targetProviders } from "#functions/target-providers.ts";
import { openStore, type Store } from "#store/store.ts";

const { values } = parseArgs({
  options: {
    database: { type: "string", default: "" },
    share: { type: "string", default: "0/1" },
    "die-after-writes": { type: "string" },
  },
});
const [share = 0, shares = 1] = values.share.split("/").map(Number);
const lastWrite = Number(values["die-after-writes"] ?? Number.POSITIVE_INFINITY);

const socketPath = join(values.database, "dynamodb.sock");
const httpAgent = new Agent({ keepAlive: true, maxSockets: 16, socketPath } as object);
const store = dying(
  openStore(
    {
      endpoint: "http://localhost",
      region: "local",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      requestHandler: { httpAgent },
    },
    () => new Date(),
  ),
);
const notAsked = () => {
  throw new Error("no step of this test asks for it");
};
const secrets = { get: async () => "{}", put: notAsked, delete: notAsked };
const log = pino({ level: "silent" });
const deps: Deps = {
  ...{ store, secrets, log, stepPatienceMs: 0, now: () => new Date(), random: randomBytes },
  providerFor: targetProviders({
    store,
    secrets,
    consoleId: "slot-takers",
    edition: "standalone",
    log,
  }),
  sleep: (ms) => sleep(ms),
  gatewayClient: notAsked,
  software: notAsked,
  console: {
    id: "slot-takers",
    edition: "standalone",
    url: "https://localhost",
    callbackKey: randomBytes(32),
  },
  machines: {
    ...{ start: notAsked, status: notAsked, stop: notAsked, history: notAsked },
    ...{ succeed: notAsked, fail: notAsked, heartbeat: notAsked },
  },
};

/** Dies with its N-th write, half the time before the answer has come. */
function dying(whole: Store): Store {
  let writes = 0;
  const isLast = () => {
    writes += 1;
    return writes === lastWrite;
  };
  const watched = <C extends Store["gateways" | "servers" | "targets" | "placeRequests"]>(
    of: C,
  ): C =>
    new Proxy(of, {
      get(found, method, receiver) {
        const value: unknown = Reflect.get(found, method, receiver);
        const isWrite = method === "update" || method === "ensure" || method === "delete";
        if (!isWrite || typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          const dies = isLast();
          const answer: unknown = Reflect.apply(value, found, args);
          if (dies && Math.random() < 0.5) setTimeout(die, Math.random() * 10);
          const written = await answer;
          if (dies) die();
          return written;
        };
      },
    });
  return {
    ...whole,
    gateways: watched(whole.gateways),
    servers: watched(whole.servers),
    targets: watched(whole.targets),
    placeRequests: watched(whole.placeRequests),
  };
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

/** Until its run says that it is done, which is written last. */
async function migrate(runId: string, serverId: string): Promise<void> {
  while ((await store.runs.get(runId)).state === "running") {
    try {
      await placeVolumes({ runId, serverId }, deps);
    } catch (error) {
      if (!(error instanceof MigrationError) || !error.retryable) throw error;
      await sleep(500 + Math.random() * 1500);
      continue;
    }
    await sleep(20);
    await releaseSlots({ runId, serverId }, deps);
    await store.servers.update(serverId, ({ gatewayId: _, ...rest }) => ({ ...rest, volumes: [] }));
    await store.runs.update(runId, (run) => ({ ...run, state: "succeeded" }));
  }
}

const mine: [string, string][] = [];
let index = 0;
for await (const { id, serverId, state } of store.runs.all()) {
  if (serverId !== undefined && state === "running" && index % shares === share) {
    mine.push([id, serverId]);
  }
  index += 1;
}
await Promise.all(mine.map(([runId, serverId]) => migrate(runId, serverId)));
httpAgent.destroy();
