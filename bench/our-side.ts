/** One side of our copy in a process of its own, told what to do by messages; it loads what that side needs. */
import type { Tracker } from "#dataplane/agent/tracking/tracker.ts";
import type { Receiver } from "#dataplane/gateway/receiver.ts";
import type { Identity } from "#dataplane/wire/identity.ts";
import type { SyncOrder } from "#domain/protocol/agent.ts";
import type { Progress } from "#domain/protocol/facts.ts";

export interface BenchDisk {
  readonly diskId: string;
  readonly volumeId: string;
  readonly path: string;
  readonly volumePath: string;
  readonly sizeBytes: number;
}

export type Told =
  | { do: "listen"; host: string; identity: Identity; stateFolder: string }
  | { do: "open"; sessionId: string; disks: readonly BenchDisk[]; agentFingerprint: string }
  | { do: "track"; disks: readonly BenchDisk[] }
  | {
      do: "copy";
      order: SyncOrder;
      disks: readonly BenchDisk[];
      identity: Identity;
    };
export type Answered = { port: number } | { progress: Progress; seconds: number } | { done: true };

let receiver: Receiver | undefined;
let tracker: Tracker | undefined;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function obey(told: Told): Promise<Answered> {
  switch (told.do) {
    case "listen": {
      const { host, identity, stateFolder } = told;
      const { startReceiver } = await import("#dataplane/gateway/receiver.ts");
      receiver = await startReceiver({
        ...{ listen: host, port: 0, identity, stateFolder },
        ...{ gatewayId: "gateway-1", log: silent },
      });
      return { port: receiver.port };
    }
    case "open": {
      const { agentFingerprint, disks } = told;
      await receiver?.open(told.sessionId, {
        ...{ serverId: "server-1", mode: "initial", agentFingerprint },
        volumes: disks.map(({ diskId, volumeId, sizeBytes, volumePath }) => ({
          ...{ diskId, volumeId, sizeBytes, path: volumePath },
        })),
      });
      return { done: true };
    }
    case "track": {
      const { startTracker } = await import("#dataplane/agent/tracking/tracker.ts");
      tracker = await startTracker(told.disks);
      if (tracker.untracked.size > 0) throw new Error([...tracker.untracked.values()].join("; "));
      return { done: true };
    }
    case "copy": {
      let progress: Progress | undefined;
      const { replicate } = await import("#dataplane/agent/replicate.ts");
      const { startTracker } = await import("#dataplane/agent/tracking/tracker.ts");
      const { createFreeFinder } = await import("#dataplane/agent/used-blocks/free-blocks.ts");
      const findFree = createFreeFinder((text) => process.stderr.write(`${text}\n`));
      const startedAt = performance.now();
      await replicate({
        ...{ order: told.order, disks: [...told.disks], identity: told.identity },
        findFree: (disk, pass) => findFree(disk, pass, false),
        tracker: tracker ?? (await startTracker([])),
        onProgress: (news) => {
          progress = news;
        },
        signal: new AbortController().signal,
      });
      if (progress === undefined) throw new Error("a copy without any progress");
      return { progress, seconds: (performance.now() - startedAt) / 1000 };
    }
  }
}

process.on("message", (told: Told) => {
  obey(told).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on("disconnect", () => {
  void (async () => {
    await tracker?.close();
    process.exit();
  })();
});
