/** A fake with machines behind it, as the conformance suite opens a cloud. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MigrationError } from "#domain/errors.ts";
import { decorate } from "#providers/decorate.ts";
import type { ResourceKind } from "#providers/provider.ts";
import { openProvider } from "#providers/registry.ts";
import type { CloudUnderTest } from "../conformance/provider.ts";
import type { FakeCloud } from "./fake-cloud.ts";
import { type Machines, openMachines } from "./machines.ts";

/** A gateway that only stays: the suite is about the cloud around it. */
const idleGateway = ["/bin/sh", "-c", "exec sleep 600"];

export async function openFake<Cloud extends FakeCloud>(
  startCloud: (machines: Machines) => Promise<Cloud>,
  options: {
    /** Beside those of the fake's own target. */
    readonly config: Readonly<Record<string, unknown>>;
    /** Instead of those of the fake's own target. */
    readonly credentials?: (cloud: Cloud) => Readonly<Record<string, string>>;
    readonly sizeBytes: number;
    readonly unknownId: (kind: ResourceKind) => string;
    /** What it is called there, where servers are launched by its copy. */
    readonly hyperDoorImage?: (cloud: Cloud) => string;
  },
): Promise<CloudUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-cloud-"));
  const machines = await openMachines(folder, { gatewayCommand: idleGateway });
  const cloud = await startCloud(machines);
  const { platform } = cloud.target;
  const consoleId = "console-under-test";
  const hyperDoorImage = options.hyperDoorImage?.(cloud);
  const config = {
    ...cloud.target.config,
    ...(hyperDoorImage === undefined ? {} : { hyperDoor: { image: hyperDoorImage } }),
    ...options.config,
  };
  let losing = false;

  return {
    consoleId,
    sizeBytes: options.sizeBytes,
    unknownId: options.unknownId,
    ...(hyperDoorImage === undefined ? {} : { hyperDoorImage }),
    letTimePass: () => sleep(20),
    loseNextAnswer() {
      losing = true;
    },
    async open() {
      const provider = await openProvider(platform, {
        config,
        secrets: options.credentials?.(cloud) ?? cloud.target.credentials,
        consoleId,
      });
      return decorate(provider, async (call, next) => {
        const result = await next();
        if (!losing || call.creates === undefined) return result;
        losing = false;
        throw new MigrationError("cloud.transient", { platform, problem: "no answer" });
      });
    },
    bytes: {
      async write(id, offsetBytes, data) {
        const file = await open(machines.pathOf(id), "r+");
        await file.write(data, 0, data.length, offsetBytes).finally(() => file.close());
      },
      async read(id, offsetBytes, sizeBytes) {
        const file = await open(machines.pathOf(id), "r");
        const data = Buffer.alloc(sizeBytes);
        await file.read(data, 0, sizeBytes, offsetBytes).finally(() => file.close());
        return data;
      },
    },
    async close() {
      await cloud.close();
      await machines.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
