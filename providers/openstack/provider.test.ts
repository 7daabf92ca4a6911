import { startFakeOpenstack } from "#test/clouds/openstack/fake-openstack.ts";
import { openFake } from "#test/clouds/under-test.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";

for (const [boot, strategies] of [
  ["volume", ["bootFromVolume"]],
  ["image", ["imageFromVolume", "bootFromVolume"]],
] as const) {
  describeProvider(
    `openstack (${boot})`,
    () =>
      openFake((machines) => startFakeOpenstack({ machines, launch: { boot } }), {
        hyperDoorImage: ({ project }) => project.imageNamed("HyperDoor").id,
        config: { gateway: { maxVolumes: 3 }, lostAnswerMs: 200 },
        sizeBytes: 1024 ** 3,
        unknownId: () => "00000000-0000-4000-8000-000000000000",
      }),
    { launchesBy: [...strategies, "hyperDoorCopy"] },
  );
}

describeContract("openstack", {
  lacks: ["prices", "volumes.listPools", "compute.restartInstance"],
});
