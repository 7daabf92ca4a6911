import { startFakeUCloud } from "#test/clouds/ucloud/fake-ucloud.ts";
import { hyperDoorImageId } from "#test/clouds/ucloud/state.ts";
import { openFake } from "#test/clouds/under-test.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";
import type { ResourceKind } from "../provider.ts";

const prefixes: Record<ResourceKind, string> = {
  "security-group": "firewall",
  instance: "uhost",
  address: "eip",
  volume: "bsm",
  snapshot: "bsSnap",
  image: "uimage",
};

describeProvider(
  "ucloud",
  () =>
    openFake((machines) => startFakeUCloud({ machines }), {
      config: { gateway: { maxVolumes: 2, spareVolumes: 1 } },
      sizeBytes: 1024 ** 3,
      hyperDoorImage: () => hyperDoorImageId,
      unknownId: (kind) => `${prefixes[kind]}-neverwas0`,
    }),
  { launchesBy: ["hyperDoorCopy"] },
);

describeContract("ucloud", {
  lacks: ["volumes.listPools", "images.createImage", "images.findImage", "images.deleteImage"],
});
