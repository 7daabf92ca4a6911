import { startFakeQingcloud } from "#test/clouds/qingcloud/fake-qingcloud.ts";
import { hyperDoorImageId } from "#test/clouds/qingcloud/state.ts";
import { openFake } from "#test/clouds/under-test.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";
import type { ResourceKind } from "../provider.ts";

const prefixes: Record<ResourceKind, string> = {
  "security-group": "sg",
  instance: "i",
  address: "eip",
  volume: "vol",
  snapshot: "ss",
  image: "img",
};

describeProvider(
  "qingcloud",
  () =>
    openFake((machines) => startFakeQingcloud({ machines }), {
      config: { gateway: { maxVolumes: 2, spareVolumes: 1 } },
      hyperDoorImage: () => hyperDoorImageId,
      sizeBytes: 20 * 1024 ** 3,
      unknownId: (kind) => `${prefixes[kind]}-neverwas`,
    }),
  { launchesBy: ["imageFromSnapshot", "hyperDoorCopy"] },
);

describeContract("qingcloud", {
  lacks: ["prices", "volumes.listPools", "compute.restartInstance"],
});
