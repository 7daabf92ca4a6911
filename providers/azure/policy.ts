/**
 * What the target's application must be allowed, and nothing more, as a custom role of Azure's, to be
 * assigned on the target's resource group (and the last two actions on the networks', where those are
 * others; on the subscription the first of them lets a launch's subnet be checked beforehand). Source: Azure docs, "Azure permissions for Compute", "… for Networking" and "… for Management
 * and governance".
 */

export interface RoleDefinition {
  readonly Name: string;
  readonly IsCustom: true;
  readonly Description: string;
  readonly Actions: readonly string[];
  readonly NotActions: readonly string[];
  readonly AssignableScopes: readonly string[];
}

export const ownActions = [
  "Microsoft.Authorization/permissions/read",
  "Microsoft.Compute/disks/read",
  "Microsoft.Compute/disks/write",
  "Microsoft.Compute/disks/delete",
  "Microsoft.Compute/disks/beginGetAccess/action",
  "Microsoft.Compute/snapshots/read",
  "Microsoft.Compute/snapshots/write",
  "Microsoft.Compute/snapshots/delete",
  "Microsoft.Compute/virtualMachines/read",
  "Microsoft.Compute/virtualMachines/write",
  "Microsoft.Compute/virtualMachines/delete",
  "Microsoft.Compute/virtualMachines/deallocate/action",
  "Microsoft.Compute/virtualMachines/restart/action",
  "Microsoft.Compute/virtualMachines/attachDetachDataDisks/action",
  "Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action",
  "Microsoft.Network/networkInterfaces/read",
  "Microsoft.Network/networkInterfaces/write",
  "Microsoft.Network/networkInterfaces/delete",
  "Microsoft.Network/networkInterfaces/join/action",
  "Microsoft.Network/networkSecurityGroups/read",
  "Microsoft.Network/networkSecurityGroups/write",
  "Microsoft.Network/networkSecurityGroups/delete",
  "Microsoft.Network/networkSecurityGroups/join/action",
  "Microsoft.Network/publicIPAddresses/read",
  "Microsoft.Network/publicIPAddresses/write",
  "Microsoft.Network/publicIPAddresses/delete",
  "Microsoft.Network/publicIPAddresses/join/action",
] as const;

/** Of the whole subscription: they know no resource group. */
export const subscriptionActions = [
  "Microsoft.Compute/skus/read",
  "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read",
] as const;

/** Of the whole subscription; a target needs none of them once its settings are known (`choices.ts`). */
export const choiceActions = [
  "Microsoft.Resources/subscriptions/read",
  "Microsoft.Resources/subscriptions/locations/read",
  "Microsoft.Resources/subscriptions/resourceGroups/read",
] as const;

/** On the resource group of the network, and of any other that servers are launched into. */
export const networkActions = [
  "Microsoft.Network/virtualNetworks/read",
  "Microsoft.Network/virtualNetworks/subnets/join/action",
] as const;

export const azurePolicy: RoleDefinition = {
  Name: "HyperMotion target",
  IsCustom: true,
  Description: "Copies servers into one resource group and launches them there.",
  Actions: [...ownActions, ...subscriptionActions, ...choiceActions, ...networkActions],
  NotActions: [],
  AssignableScopes: ["/subscriptions/<subscription id>"],
};

/** What the Authorization API says of the caller at one place. */
export interface Permission {
  readonly actions?: readonly string[];
  readonly notActions?: readonly string[];
}

/** A role allows what its actions name and its notActions don't; several roles add up. */
export function isAllowed(permissions: readonly Permission[], action: string): boolean {
  return permissions.some(
    ({ actions = [], notActions = [] }) =>
      actions.some((pattern) => fits(pattern, action)) &&
      !notActions.some((pattern) => fits(pattern, action)),
  );
}

/** `Microsoft.Compute/*​/read`: a star stands for anything, slashes too. Case does not count. */
function fits(pattern: string, action: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i").test(action);
}
