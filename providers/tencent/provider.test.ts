import { startFakeTencent } from "#test/clouds/tencent/fake-tencent.ts";
import { hyperDoorImage } from "#test/clouds/tencent/state.ts";
import { openFake } from "#test/clouds/under-test.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";
import type { ResourceKind } from "../provider.ts";

const prefixes: Record<ResourceKind, string> = {
  "security-group": "sg",
  instance: "ins",
  address: "eip",
  volume: "disk",
  snapshot: "snap",
  image: "img",
};

for (const publicAddress of ["assigned", "elastic"] as const) {
  describeProvider(
    `tencent (${publicAddress} address)`,
    () =>
      openFake((machines) => startFakeTencent({ machines }), {
        config: { gateway: { maxVolumes: 2, spareVolumes: 1, publicAddress }, lostAnswerMs: 200 },
        hyperDoorImage: () => hyperDoorImage,
        sizeBytes: 50 * 1024 ** 3,
        unknownId: (kind) => `${prefixes[kind]}-00000000`,
      }),
    { launchesBy: ["imageFromSnapshot", "hyperDoorCopy"] },
  );
}

describeContract("tencent", { lacks: ["volumes.listPools"] });
