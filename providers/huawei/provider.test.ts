import { startFakeHuawei } from "#test/clouds/huawei/fake-huawei.ts";
import { hyperDoorImageId } from "#test/clouds/huawei/state.ts";
import { openFake } from "#test/clouds/under-test.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";

for (const [boot, strategy] of [
  ["image", "imageFromVolume"],
  ["swap", "rootSwap"],
] as const) {
  describeProvider(
    `huawei (${boot})`,
    () =>
      openFake((machines) => startFakeHuawei({ machines, launch: { boot } }), {
        config: {
          gateway: { maxVolumes: 2, spareVolumes: 1 },
          lostAnswerMs: 200,
        },
        hyperDoorImage: () => hyperDoorImageId,
        sizeBytes: 40 * 1024 ** 3,
        unknownId: () => "00000000-0000-4000-8000-000000000000",
      }),
    { launchesBy: [strategy, "hyperDoorCopy"] },
  );
}

describeContract("huawei", { lacks: ["volumes.listPools", "compute.restartInstance"] });
