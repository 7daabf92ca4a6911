import { openFake } from "#test/clouds/under-test.ts";
import { startFakeZstack } from "#test/clouds/zstack/fake-zstack.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";

const unknown = "00000000000040008000000000000000";

const gateway = { maxVolumes: 2, spareVolumes: 1 };

for (const [boot, device, strategy] of [
  ["image", "difference", "imageFromSnapshot"],
  ["volume", "serial", "bootFromVolume"],
] as const) {
  describeProvider(
    `zstack (${boot}, ${device})`,
    () =>
      openFake((machines) => startFakeZstack({ machines, launch: { boot }, gateway }), {
        hyperDoorImage: ({ cloud }) => cloud.hyperDoorImage.uuid,
        config: { volume: { device } },
        sizeBytes: 1024 ** 2,
        unknownId: () => unknown,
      }),
    { launchesBy: [strategy, "hyperDoorCopy"] },
  );
}

describeContract("zstack", { lacks: ["compute.restartInstance", "prices"] });
