import { startFakeAliyun } from "#test/clouds/aliyun/fake-aliyun.ts";
import { hyperDoorImageId } from "#test/clouds/aliyun/state.ts";
import { openFake } from "#test/clouds/under-test.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";
import type { ResourceKind } from "../provider.ts";

const prefixes: Record<ResourceKind, string> = {
  "security-group": "sg",
  instance: "i",
  address: "eip",
  volume: "d",
  snapshot: "s",
  image: "m",
};

describeProvider(
  "aliyun",
  () =>
    openFake((machines) => startFakeAliyun({ machines }), {
      config: { gateway: { maxVolumes: 2, spareVolumes: 1 } },
      hyperDoorImage: () => hyperDoorImageId,
      sizeBytes: 20 * 1024 ** 3,
      unknownId: (kind) => `${prefixes[kind]}-bp1neverwasneverwas0`,
    }),
  { launchesBy: ["imageFromSnapshot", "hyperDoorCopy"] },
);

describeContract("aliyun", { lacks: ["volumes.listPools", "compute.restartInstance"] });
