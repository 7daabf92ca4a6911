import { randomUUID } from "node:crypto";
import { startFakeCtyun } from "#test/clouds/ctyun/fake-ctyun.ts";
import { hyperDoorImageId } from "#test/clouds/ctyun/state.ts";
import { openFake } from "#test/clouds/under-test.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";

describeProvider(
  "ctyun",
  () =>
    openFake((machines) => startFakeCtyun({ machines }), {
      config: { gateway: { maxVolumes: 2, spareVolumes: 1 }, lostAnswerMs: 200 },
      sizeBytes: 10 * 1024 ** 3,
      unknownId: () => randomUUID(),
      hyperDoorImage: () => hyperDoorImageId,
    }),
  { launchesBy: ["hyperDoorCopy"] },
);

describeContract("ctyun", {
  lacks: ["volumes.listPools", "images.createImage", "images.findImage", "images.deleteImage"],
});
