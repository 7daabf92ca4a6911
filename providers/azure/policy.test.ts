import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { azurePolicy, isAllowed } from "./policy.ts";

const types: Readonly<Record<string, string>> = {
  resourceSkus: "skus",
  virtualMachineImages: "locations/publishers/artifacttypes/offers/skus/versions",
};
const verbs: Readonly<Record<string, string>> = {
  get: "read",
  list: "read",
  listAll: "read",
  listByResourceGroup: "read",
  createOrUpdate: "write",
  update: "write",
  delete: "delete",
};

/** Every call this folder makes to Azure, read from its code. */
function actionsCalled(): string[] {
  const folder = new URL(".", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(?!.*\.test\.ts$).*\.ts$/.test(name));
  const groups =
    "disks|snapshots|virtualMachines|networkInterfaces|networkSecurityGroups|publicIPAddresses|virtualNetworks|resourceSkus|virtualMachineImages";
  const calls = files.flatMap((name) => [
    ...readFileSync(new URL(name, folder), "utf8").matchAll(
      new RegExp(`\\b(${groups})\\s*\\.(\\w+)\\(`, "g"),
    ),
  ]);
  const actions = calls.map(([, group = "", verb = ""]) => {
    const provider = /^network|^public|^virtualNetworks/.test(group) ? "Network" : "Compute";
    return `Microsoft.${provider}/${types[group] ?? group}/${verbs[verb] ?? `${verb}/action`}`;
  });
  return [...new Set(actions)].sort();
}

/** Asked of Azure by what others of ours name: a source to be copied, an interface's network; or by path. */
const implied = [
  "Microsoft.Authorization/permissions/read",
  "Microsoft.Compute/disks/beginGetAccess/action",
  "Microsoft.Network/networkInterfaces/join/action",
  "Microsoft.Network/networkSecurityGroups/join/action",
  "Microsoft.Network/publicIPAddresses/join/action",
  "Microsoft.Network/virtualNetworks/subnets/join/action",
  "Microsoft.Network/networkSecurityGroups/read",
  "Microsoft.Resources/subscriptions/read",
  "Microsoft.Resources/subscriptions/locations/read",
  "Microsoft.Resources/subscriptions/resourceGroups/read",
];

test("the role allows every call the code makes, and no other (S-10)", () => {
  const called = actionsCalled();

  expect(called.length).toBeGreaterThan(15);
  expect([...azurePolicy.Actions].sort()).toEqual([...new Set([...called, ...implied])].sort());
});

test("nothing is allowed by a star", () => {
  expect(azurePolicy.Actions.filter((action) => action.includes("*"))).toEqual([]);
});

test("several roles of Azure's own add up, each less what it excepts", () => {
  const contributor = {
    actions: ["*"],
    notActions: ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"],
  };
  const reader = { actions: ["*/read"] };

  expect(isAllowed([contributor], "Microsoft.Compute/disks/write")).toBe(true);
  expect(isAllowed([contributor], "Microsoft.Authorization/roleAssignments/write")).toBe(false);
  expect(isAllowed([reader], "Microsoft.Compute/disks/write")).toBe(false);
  expect(isAllowed([reader], "microsoft.compute/DISKS/read")).toBe(true);
  expect(isAllowed([], "Microsoft.Compute/disks/read")).toBe(false);
});
