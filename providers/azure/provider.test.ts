import { startFakeAzure } from "#test/clouds/azure/fake-azure.ts";
import { openFake } from "#test/clouds/under-test.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";

for (const boot of ["auto", "copy"] as const) {
  describeProvider(
    `azure (${boot})`,
    () =>
      openFake((machines) => startFakeAzure({ machines }), {
        config: { gateway: { maxVolumes: 2, spareVolumes: 1 }, launch: { boot } },
        sizeBytes: 1024 ** 3,
        unknownId: (kind) => `${kind}-that-never-was`,
      }),
    { launchesBy: ["attachAsOsDisk"] },
  );
}

describeContract("azure", {
  lacks: ["volumes.listPools", "images.createImage", "images.findImage", "images.deleteImage"],
});
