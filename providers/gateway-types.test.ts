import { expect, test } from "vitest";
import { startFakeAws } from "#test/clouds/aws/fake-aws.ts";
import { listGatewayTypes } from "./gateway-types.ts";
import type { InstanceType, Provider } from "./provider.ts";
import { listChoices } from "./registry.ts";

const GiB = 1024 ** 3;

const offering = (...sizes: readonly [name: string, vcpus: number, gib: number][]) => {
  const types = sizes.map(([name, vcpus, gib]) => ({ name, vcpus, memoryBytes: gib * GiB }));
  const compute = { listInstanceTypes: async () => types as unknown as InstanceType[] };
  return { platform: "aws", compute } as unknown as Provider;
};

test("gateway types are listed from the least size on, smallest first (R-011)", async () => {
  const provider = offering(
    ["large", 8, 16],
    ["b", 2, 4],
    ["narrow", 1, 8],
    ["a", 2, 4],
    ["short", 2, 3.5],
    ["odd", 2, 7.5],
  );

  expect(await listGatewayTypes(provider)).toEqual([
    { value: "a", label: "2 vCPU, 4 GiB" },
    { value: "b", label: "2 vCPU, 4 GiB" },
    { value: "odd", label: "2 vCPU, 7.5 GiB" },
    { value: "large", label: "8 vCPU, 16 GiB" },
  ]);
});

test("before there is a target they are asked for by its settings so far, and what these lack is named", async () => {
  const cloud = await startFakeAws();
  try {
    const { config, credentials: secrets } = cloud.target;
    const { subnetId: _, ...withoutSubnet } = config;

    const types = await listChoices("aws", "gateway.instanceType", { config, secrets });

    expect(types).toContainEqual({ value: "t3.xlarge", label: "4 vCPU, 16 GiB" });
    await expect(
      listChoices("aws", "gateway.instanceType", { config: withoutSubnet, secrets }),
    ).rejects.toMatchObject({
      code: "input.invalid",
      message: expect.stringContaining("subnetId"),
    });
  } finally {
    await cloud.close();
  }
});
