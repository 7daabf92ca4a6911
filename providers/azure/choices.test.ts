import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeAzure, startFakeAzure } from "#test/clouds/azure/fake-azure.ts";
import { openProvider } from "../registry.ts";
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
  expect(listed[0]?.network).toBe(azure.subscription.subnetId.replace("/subnets/servers", ""));
});

test("subnets are listed of networks from every page", async () => {
  const { networks, location } = azure.subscription;
  for (const name of ["third", "fourth"]) {
    networks.push({ name, location, subnets: [{ name: "one", addressPrefix: "10.9.0.0/24" }] });
  }

  const listed = await choices("subnetId", ["subscriptionId", "location"]);

  expect(listed.map(({ label }) => label)).toEqual([
    "others, 10.1.1.0/24, vnet, network-rg",
    "servers, 10.1.0.0/24, vnet, network-rg",
    "one, 10.9.0.0/24, third, network-rg",
    "one, 10.9.0.0/24, fourth, network-rg",
  ]);
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

/** Of the fake's target. */
async function network(settings: object = {}) {
  const { config, credentials: secrets } = azure.target;
  const options = { config: { ...config, ...settings }, secrets, consoleId: "c" };
  return (await openProvider("azure", options)).network;
}

test("a launch can be given the subnets of all of the location's networks, its own by the id that the settings have", async () => {
  const { networks, location, subnetId } = azure.subscription;
  for (const name of ["third", "fourth"]) {
    networks.push({ name, location, subnets: [{ name: "one", addressPrefix: "10.9.0.0/24" }] });
  }
  const asTyped = subnetId.replace("network-rg", "Network-RG");
  const own = subnetId.replace("/subnets/servers", "");
  const [third, fourth] = ["third", "fourth"].map((name) => own.replace(/vnet$/, name));

  const { listSubnets } = await network({ subnetId: asTyped });

  expect(await listSubnets?.()).toEqual([
    {
      value: subnetId.replace(/servers$/, "others"),
      ...{ label: "others, 10.1.1.0/24, vnet, network-rg", network: own },
    },
    { value: asTyped, label: "servers, 10.1.0.0/24, vnet, network-rg", network: own },
    {
      value: `${third}/subnets/one`,
      ...{ label: "one, 10.9.0.0/24, third, network-rg", network: third },
    },
    {
      value: `${fourth}/subnets/one`,
      ...{ label: "one, 10.9.0.0/24, fourth, network-rg", network: fourth },
    },
  ]);
});

test("who may not read the subscription's networks is told so, and not that there are none", async () => {
  azure.subscription.denied.add("Microsoft.Network/virtualNetworks/read");

  const { listSubnets } = await network();

  await expect(listSubnets?.()).rejects.toMatchObject({ code: "cloud.forbidden" });
});

test("a launch can be given the groups of the target's resource group and location, from every page", async () => {
  const { groups } = azure.subscription;
  const { ensureSecurityGroup, listSecurityGroups } = await network();
  const tags = { "hypermotion:console": "c", "hypermotion:owner": "o", Name: "hyper" };
  await ensureSecurityGroup({ token: "made", tags, rules: [] });
  const made = groups.get("made", "hypermotion-rg");
  groups.put({ ...made, name: "elsewhere", location: "westus" });
  groups.put({ ...made, name: "web", tags: {} });
  groups.put({ ...made, name: "db", tags: {} });

  expect(await listSecurityGroups?.()).toEqual([
    { value: "made", label: "hyper" },
    { value: "web", label: "" },
    { value: "db", label: "" },
  ]);
});
