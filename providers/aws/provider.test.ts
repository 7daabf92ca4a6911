import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MigrationError } from "#domain/errors.ts";
import { startFakeAws } from "#test/clouds/aws/fake-aws.ts";
import { openMachines } from "#test/clouds/machines.ts";
import { describeProvider } from "#test/conformance/provider.ts";
import { decorate } from "../decorate.ts";
import type { ResourceKind } from "../provider.ts";
import { openProvider } from "../registry.ts";

const GiB = 1024 ** 3;
const consoleId = "console-under-test";

const prefixes: Record<ResourceKind, string> = {
  "security-group": "sg",
  instance: "i",
  address: "eipalloc",
  volume: "vol",
  snapshot: "snap",
  image: "ami",
};

/** A gateway that only stays: the suite is about the cloud around it. */
const idleGateway = ["/bin/sh", "-c", "exec sleep 600"];

for (const boot of ["auto", "swap", "image"] as const) {
  describeProvider(`aws (${boot})`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "hypermotion-aws-"));
    const machines = await openMachines(folder, { gatewayCommand: idleGateway });
    const aws = await startFakeAws({ machines });
    const config = {
      region: aws.account.region,
      subnetId: aws.account.subnetId,
      endpoints: { ec2: aws.url, sts: aws.url },
      gateway: { maxVolumes: 3 },
      launch: { boot },
      lostAnswerMs: 200,
    };
    let losing = false;

    return {
      consoleId,
      sizeBytes: GiB,
      unknownId: (kind) => `${prefixes[kind]}-0000000000000000`,
      letTimePass: () => sleep(20),
      loseNextAnswer() {
        losing = true;
      },
      async open() {
        const provider = await openProvider("aws", { config, secrets: aws.keys, consoleId });
        return decorate(provider, async (call, next) => {
          const result = await next();
          if (!losing || call.creates === undefined) return result;
          losing = false;
          throw new MigrationError("cloud.transient", { platform: "aws", problem: "no answer" });
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
        await aws.close();
        await machines.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  });
}
