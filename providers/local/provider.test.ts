import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MigrationError } from "#domain/errors.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";
import { decorate } from "../decorate.ts";
import { openProvider } from "../registry.ts";
import { missingQemu } from "./qemu.ts";

const MiB = 1024 ** 2;
const consoleId = "console-under-test";

/** A gateway that only stays: the suite is about the cloud around it. */
const idleGateway = ["/bin/sh", "-c", "exec sleep 600"];

const cannotLaunch = await missingQemu("qemu-system-x86_64");

describeProvider(
  "local",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "hypermotion-local-"));
    const config = {
      folder,
      maxVolumesPerGateway: 3,
      gatewayCommand: idleGateway,
      minFreeBytes: 0,
      server: { memoryBytes: 64 * MiB, vcpus: 1 },
    };
    const pathOf = (id: string) => join(folder, "volumes", `${id}.raw`);
    let losing = false;

    return {
      consoleId,
      sizeBytes: MiB,
      unknownId: () => "vol-0000000000000000",
      letTimePass: () => sleep(20),
      loseNextAnswer() {
        losing = true;
      },
      async open() {
        const provider = await openProvider("local", { config, secrets: {}, consoleId });
        return decorate(provider, async (call, next) => {
          const result = await next();
          if (!losing || call.creates === undefined) return result;
          losing = false;
          throw new MigrationError("cloud.transient", { platform: "local", problem: "no answer" });
        });
      },
      bytes: {
        async write(id, offsetBytes, data) {
          const file = await open(pathOf(id), "r+");
          await file.write(data, 0, data.length, offsetBytes).finally(() => file.close());
        },
        async read(id, offsetBytes, sizeBytes) {
          const file = await open(pathOf(id), "r");
          const data = Buffer.alloc(sizeBytes);
          await file.read(data, 0, sizeBytes, offsetBytes).finally(() => file.close());
          return data;
        },
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
  { cannotLaunch, launchesBy: ["bootFromVolume"] },
);

describeContract("local", {
  lacks: [
    ...(["prices", "network.listSubnets", "network.listSecurityGroups"] as const),
    ...(["images.createImage", "images.findImage", "images.deleteImage"] as const),
  ],
  ...(cannotLaunch === undefined ? {} : { cannotLaunch }),
});
