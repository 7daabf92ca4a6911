import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeAzure, startFakeAzure } from "#test/clouds/azure/fake-azure.ts";
import { azureChoices } from "./choices.ts";
import { azureSecrets } from "./config.ts";

type Path = keyof typeof azureChoices;
let azure: FakeAzure;

beforeEach(async () => {
  azure = await startFakeAzure();
});
afterEach(() => azure.close());

/** @param known settings that were answered already, beside where the fake is */
function choices(path: Path, known: readonly string[], credentials: object = {}) {
  const answered = new Set(["cloud", "endpoints", "caCertificates", ...known]);
  const settings = Object.entries(azure.target.config).filter(([name]) => answered.has(name));
  const secrets = azureSecrets.parse({ ...azure.target.credentials, ...credentials });
  return azureChoices[path]({ config: Object.fromEntries(settings), secrets });
}

test("subscriptions the application sees are listed by name, without those that have ended", async () => {
  const listed = await choices("subscriptionId", []);

  expect(listed.map(({ label }) => label)).toEqual(["Testing", "Production"]);
  expect(listed).toContainEqual({ value: azure.subscription.id, label: "Production" });
});

test("resource groups are listed with their locations, from every page", async () => {
  const listed = await choices("resourceGroup", ["subscriptionId"]);

  expect(listed).toHaveLength(4);
  expect(listed).toContainEqual({ value: "hypermotion-rg", label: "westeurope" });
  expect(azure.calls.made.filter(({ action }) => action === "LIST resourceGroups")).toHaveLength(2);
});

test("locations are listed by name, without those that stand for several", async () => {
  expect(await choices("location", ["subscriptionId"])).toEqual([
    { value: "westeurope", label: "(Europe) West Europe" },
    { value: "westus", label: "(US) West US" },
  ]);
});

test("subnets of the location's networks are listed with range, network and resource group", async () => {
  const listed = await choices("subnetId", ["subscriptionId", "location"]);

  expect(listed.map(({ label }) => label)).toEqual([
    "others, 10.1.1.0/24, vnet, network-rg",
    "servers, 10.1.0.0/24, vnet, network-rg",
  ]);
  expect(listed[1]?.value).toBe(azure.target.config.subnetId);
});

test("zones are listed by the subscription's own numbers, with the zones they stand for", async () => {
  expect(await choices("zone", ["subscriptionId", "location"])).toEqual([
    { value: "1", label: "westeurope-az3" },
    { value: "2", label: "westeurope-az1" },
    { value: "3", label: "westeurope-az2" },
  ]);
});

test("the cloud of China lists its own (S-10)", async () => {
  await azure.close();
  azure = await startFakeAzure({ cloud: "china" });

  const locations = await choices("location", ["subscriptionId"]);
  const subnets = await choices("subnetId", ["subscriptionId", "location"]);

  expect(locations.map(({ value }) => value)).toEqual(["chinanorth3", "chinaeast2"]);
  expect(subnets.map(({ value }) => value)).toContain(azure.target.config.subnetId);
});

test.each([
  ["resourceGroup", [], "subscriptionId: must be given"],
  ["location", [], "subscriptionId: must be given"],
  ["subnetId", ["subscriptionId"], "location: must be given"],
  ["zone", ["subscriptionId"], "location: must be given"],
] as const)("what %s needs is named before anything is asked", async (path, known, problem) => {
  await expect(choices(path, known)).rejects.toMatchObject({
    code: "input.invalid",
    params: { where: "config", problem },
  });
  expect(azure.calls.made).toEqual([]);
});

test("wrong credentials and a missing permission are told as everywhere", async () => {
  const action = "Microsoft.Resources/subscriptions/resourceGroups/read";
  azure.subscription.denied.add(action);

  await expect(choices("subscriptionId", [], { clientSecret: "another" })).rejects.toMatchObject({
    code: "cloud.credentials",
  });
  await expect(choices("resourceGroup", ["subscriptionId"])).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action },
  });
});
