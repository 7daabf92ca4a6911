import { startFakeAws } from "#test/clouds/aws/fake-aws.ts";
import { openFake } from "#test/clouds/under-test.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";
import type { BootStrategy, ResourceKind } from "../provider.ts";

const prefixes: Record<ResourceKind, string> = {
  "security-group": "sg",
  instance: "i",
  address: "eipalloc",
  volume: "vol",
  snapshot: "snap",
  image: "ami",
};

const launchesBy: Record<string, readonly BootStrategy[]> = {
  auto: ["rootSwap", "imageFromSnapshot"],
  swap: ["rootSwap", "imageFromSnapshot"],
  image: ["imageFromSnapshot"],
};

for (const [boot, strategies] of Object.entries(launchesBy)) {
  describeProvider(
    `aws (${boot})`,
    () =>
      openFake((machines) => startFakeAws({ machines }), {
        config: {
          gateway: { maxVolumes: 2, spareVolumes: 1 },
          launch: { boot },
          lostAnswerMs: 200,
        },
        credentials: ({ keys }) => keys,
        sizeBytes: 1024 ** 3,
        unknownId: (kind) => `${prefixes[kind]}-0000000000000000`,
      }),
    { launchesBy: strategies },
  );
}

describeContract("aws", { lacks: ["volumes.listPools", "compute.restartInstance"] });
