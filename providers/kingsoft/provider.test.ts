import { startFakeKingsoft } from "#test/clouds/kingsoft/fake-kingsoft.ts";
import { hyperDoorImage } from "#test/clouds/kingsoft/state.ts";
import { openFake } from "#test/clouds/under-test.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";

describeProvider(
  "kingsoft",
  () =>
    openFake((machines) => startFakeKingsoft({ machines }), {
      config: { gateway: { maxVolumes: 3, spareVolumes: 0 } },
      sizeBytes: 10 * 1024 ** 3,
      unknownId: () => "00000000-0000-4000-8000-000000000000",
      hyperDoorImage: () => hyperDoorImage,
    }),
  { launchesBy: ["hyperDoorCopy"] },
);

describeContract("kingsoft", {
  lacks: [
    ...["volumes.listPools", "compute.restartInstance"],
    ...["images.createImage", "images.findImage", "images.deleteImage"],
  ] as const,
});
