import { openFake } from "#test/clouds/under-test.ts";
import { startFakeZstack } from "#test/clouds/zstack/fake-zstack.ts";
import { describeContract } from "#test/conformance/contract.ts";
import { describeProvider } from "#test/conformance/provider.ts";

const unknown = "00000000000040008000000000000000";

const gateway = { maxVolumes: 3, spareVolumes: 0 };

for (const boot of ["image", "volume"] as const) {
  describeProvider(`zstack (${boot})`, () =>
    openFake((machines) => startFakeZstack({ machines, launch: { boot }, gateway }), {
      // The suite asks what a volume's device says; where it says nothing: test/e2e/zstack.test.ts.
      config: { volume: { device: "serial" } },
      sizeBytes: 1024 ** 2,
      unknownId: () => unknown,
    }),
  );
}

describeContract("zstack", { lacks: ["compute.restartInstance"] });
