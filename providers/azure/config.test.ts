import { expect, test } from "vitest";
import { azureConfig, azureSecrets } from "./config.ts";

const least = {
  subscriptionId: "0b1f6471-1bf0-4dda-aec3-cb9272f09590",
  resourceGroup: "hypermotion-rg",
  location: "westeurope",
  subnetId:
    "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
};
const secrets = { tenantId: "contoso.onmicrosoft.com", clientId: least.subscriptionId };

const problemsOf = (config: object) =>
  azureConfig.safeParse({ ...least, ...config }).error?.issues.map(({ path }) => path.join("."));

test("with the least that must be said, the document's figures hold (R-011 to R-013, R-050 to R-053, R-176, X-15)", () => {
  const { gateway, volume, cloud } = azureConfig.parse(least);

  expect(cloud).toBe("public");
  expect(volume.type).toBe("StandardSSD_LRS");
  expect(gateway).toMatchObject({ diskGiB: 100, maxVolumes: 16, adminUsername: "hypergate" });
});

test("names that Azure keeps to itself are refused for the administrator (R-052, X-03)", () => {
  for (const adminUsername of ["admin", "root", "administrator", "support_388945a0", "user5"]) {
    expect(problemsOf({ gateway: { adminUsername } }), adminUsername).toEqual([
      "gateway.adminUsername",
    ]);
  }
  expect(problemsOf({ gateway: { adminUsername: "operator" } })).toBeUndefined();
});

test("a system disk of a gateway has at least 40 GiB (R-012)", () => {
  expect(problemsOf({ gateway: { diskGiB: 39 } })).toEqual(["gateway.diskGiB"]);
});

test("a location of China belongs to the cloud in China, and no other does (S-10)", () => {
  expect(problemsOf({ location: "chinanorth3" })).toEqual(["cloud"]);
  expect(problemsOf({ cloud: "china" })).toEqual(["cloud"]);
  expect(problemsOf({ location: "chinanorth3", cloud: "china" })).toBeUndefined();
});

test("types that no server boots from are refused", () => {
  for (const type of ["UltraSSD_LRS", "PremiumV2_LRS"]) {
    expect(problemsOf({ volume: { type } })).toEqual(["volume.type"]);
  }
});

test("a password that Azure would refuse is refused before (X-03)", () => {
  const problem = (adminPassword: string) =>
    azureSecrets.safeParse({ ...secrets, clientSecret: "s", adminPassword }).success;

  expect(problem("only-lower-case")).toBe(false);
  expect(problem("Short1!")).toBe(false);
  expect(problem("Long-enough-1")).toBe(true);
});
