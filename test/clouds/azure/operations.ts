/**
 * The operations of ARM that we use, with the API versions this cloud knows, and every parameter they take
 * here. Source: Azure/azure-rest-api-specs (Compute 2026-04-01, disks 2026-03-02, SKUs 2021-07-01, Network
 * 2026-01-01), as transcribed in the typings and serializers of @azure/arm-compute 25.1.1 and
 * @azure/arm-network 39.0.0; and its Microsoft.Resources/stable/2022-12-01/subscriptions.json and
 * 2021-04-01/resources.json. Fields we never send are left out, so sending one fails a test until somebody
 * looks it up.
 */
import type { Shape } from "./bodies.ts";

export interface OperationTable {
  /** Of the path below the provider's name, or the scope's for Microsoft.Resources; `{}` stands for a name. */
  readonly path: string;
  readonly method: "GET" | "PUT" | "PATCH" | "POST" | "DELETE";
  readonly scope: "group" | "subscription" | "tenant";
  readonly provider:
    | "Microsoft.Compute"
    | "Microsoft.Network"
    | "Microsoft.Authorization"
    | "Microsoft.Resources";
  readonly versions: readonly string[];
  /** What the caller must be allowed. */
  readonly action: string;
  readonly query?: readonly string[];
  readonly body?: Shape;
}

const computeVersions = ["2026-04-01", "2024-07-01"];
const diskVersions = ["2026-03-02", "2024-03-02"];
const networkVersions = ["2026-01-01", "2024-05-01"];

const toResource: Shape = { "id!": "id" };
const tracked = { "location!": "text", tags: "tags" } as const;

/** Source: DiskRP, Disk, CreationData. Restore, Import and the like are not ours. */
const creationData: Shape = {
  "createOption!": ["Empty", "Copy"],
  sourceResourceId: "id",
};
const diskTypes = [
  ...["Standard_LRS", "Premium_LRS", "StandardSSD_LRS", "UltraSSD_LRS", "Premium_ZRS"],
  ...["StandardSSD_ZRS", "PremiumV2_LRS"],
];
const osTypes = ["Windows", "Linux"];
const generations = ["V1", "V2"];
const disk: Shape = {
  ...tracked,
  zones: { list: "text" },
  sku: { name: diskTypes },
  "properties!": {
    osType: osTypes,
    hyperVGeneration: generations,
    diskSizeGB: "integer",
    "creationData!": creationData,
  },
};
const snapshot: Shape = {
  ...tracked,
  "properties!": { incremental: "boolean", "creationData!": creationData },
};
const lifeOptions = ["Delete", "Detach"];
const caching = ["None", "ReadOnly", "ReadWrite"];
const machine: Shape = {
  ...tracked,
  zones: { list: "text" },
  "properties!": {
    "hardwareProfile!": { "vmSize!": "text" },
    "storageProfile!": {
      imageReference: { publisher: "text", offer: "text", sku: "text", version: "text" },
      "osDisk!": {
        name: "text",
        osType: osTypes,
        caching,
        "createOption!": ["FromImage", "Attach"],
        diskSizeGB: "integer",
        managedDisk: { id: "id", storageAccountType: diskTypes },
        "deleteOption!": lifeOptions,
      },
      dataDisks: {
        list: {
          "lun!": "integer",
          caching,
          "createOption!": ["Attach"],
          "managedDisk!": toResource,
          "deleteOption!": lifeOptions,
        },
      },
    },
    osProfile: {
      "computerName!": "text",
      "adminUsername!": "text",
      adminPassword: "text",
      customData: "base64",
      linuxConfiguration: {
        disablePasswordAuthentication: "boolean",
        ssh: { publicKeys: { list: { "path!": "text", "keyData!": "text" } } },
      },
    },
    "networkProfile!": {
      networkInterfaces: {
        list: {
          "id!": "id",
          "properties!": { primary: "boolean", "deleteOption!": lifeOptions },
        },
      },
    },
    diagnosticsProfile: { bootDiagnostics: { enabled: "boolean" } },
  },
};

const networkInterface: Shape = {
  ...tracked,
  id: "id",
  "properties!": {
    "ipConfigurations!": {
      list: {
        id: "id",
        "name!": "text",
        "properties!": {
          primary: "boolean",
          "subnet!": { "id!": "id", properties: "read-only" },
          privateIPAllocationMethod: ["Static", "Dynamic"],
          privateIPAddress: "text",
          privateIPAddressVersion: ["IPv4"],
          publicIPAddress: {
            "id!": "id",
            location: "text",
            tags: "tags",
            sku: "read-only",
            properties: "read-only",
          },
        },
      },
    },
    networkSecurityGroup: { "id!": "id", properties: "read-only" },
    enableAcceleratedNetworking: "boolean",
    enableIPForwarding: "boolean",
  },
};
const address: Shape = {
  ...tracked,
  zones: { list: "text" },
  sku: { "name!": ["Basic", "Standard", "StandardV2"] },
  "properties!": {
    publicIPAllocationMethod: ["Static", "Dynamic"],
    publicIPAddressVersion: ["IPv4", "IPv6"],
  },
};
const group: Shape = {
  ...tracked,
  "properties!": {
    securityRules: {
      list: {
        "name!": "text",
        "properties!": {
          description: "text",
          "priority!": "integer",
          "direction!": ["Inbound", "Outbound"],
          "access!": ["Allow", "Deny"],
          "protocol!": ["Tcp", "Udp", "Icmp", "Esp", "*", "Ah"],
          sourcePortRange: "text",
          sourceAddressPrefix: "text",
          sourceAddressPrefixes: { list: "text" },
          destinationAddressPrefix: "text",
          destinationPortRange: "text",
        },
      },
    },
  },
};

/** What every resource of its own has: made and changed, looked at, listed, deleted. */
function resource(
  type: string,
  provider: OperationTable["provider"],
  versions: readonly string[],
  body: Shape,
  expand: readonly string[] = [],
): Record<string, OperationTable> {
  const common = { scope: "group", provider, versions } as const;
  const action = (verb: string) => `${provider}/${type}/${verb}`;
  const one = { ...common, path: `/${type}/{}` };
  return {
    [`PUT ${type}`]: { ...one, method: "PUT", action: action("write"), body },
    [`GET ${type}`]: { ...one, method: "GET", action: action("read"), query: expand },
    [`DELETE ${type}`]: { ...one, method: "DELETE", action: action("delete") },
    [`LIST ${type}`]: {
      ...{ ...common, path: `/${type}`, method: "GET", action: action("read") },
      query: ["$skiptoken"],
    },
  };
}

const compute = { provider: "Microsoft.Compute", scope: "group" } as const;
const onMachine = (verb: string, query: readonly string[] = []): OperationTable => ({
  ...compute,
  ...{ versions: computeVersions, method: "POST", query },
  path: `/virtualMachines/{}/${verb}`,
  action: `Microsoft.Compute/virtualMachines/${verb}/action`,
});

export const operations: Readonly<Record<string, OperationTable>> = {
  ...resource("disks", "Microsoft.Compute", diskVersions, disk),
  "PATCH disks": {
    ...{ ...compute, versions: diskVersions, path: "/disks/{}", method: "PATCH" },
    action: "Microsoft.Compute/disks/write",
    body: { tags: "tags" },
  },
  ...resource("snapshots", "Microsoft.Compute", diskVersions, snapshot),
  ...resource("virtualMachines", "Microsoft.Compute", computeVersions, machine, ["$expand"]),
  "POST attachDetachDataDisks": {
    ...onMachine("attachDetachDataDisks"),
    body: {
      dataDisksToAttach: {
        list: { "diskId!": "id", lun: "integer", caching, "deleteOption!": lifeOptions },
      },
      dataDisksToDetach: { list: { "diskId!": "id", detachOption: ["ForceDetach"] } },
    },
  },
  "POST deallocate": onMachine("deallocate", ["hibernate"]),
  "POST restart": onMachine("restart"),
  "POST retrieveBootDiagnosticsData": onMachine("retrieveBootDiagnosticsData", [
    "sasUriExpirationTimeInMinutes",
  ]),
  ...resource("networkInterfaces", "Microsoft.Network", networkVersions, networkInterface, [
    "$expand",
  ]),
  ...resource("publicIPAddresses", "Microsoft.Network", networkVersions, address, ["$expand"]),
  ...resource("networkSecurityGroups", "Microsoft.Network", networkVersions, group, ["$expand"]),
  "GET virtualNetworks": {
    ...{ scope: "group", provider: "Microsoft.Network", versions: networkVersions },
    ...{ method: "GET", path: "/virtualNetworks/{}", query: ["$expand"] },
    action: "Microsoft.Network/virtualNetworks/read",
  },
  "LIST virtualNetworks": {
    ...{ scope: "subscription", provider: "Microsoft.Network", versions: networkVersions },
    ...{ method: "GET", path: "/virtualNetworks", query: ["$skiptoken"] },
    action: "Microsoft.Network/virtualNetworks/read",
  },
  "LIST subscriptions": {
    ...{ scope: "tenant", provider: "Microsoft.Resources", versions: ["2022-12-01"] },
    ...{ method: "GET", path: "/subscriptions", query: ["$skiptoken"] },
    action: "Microsoft.Resources/subscriptions/read",
  },
  "LIST locations": {
    ...{ scope: "subscription", provider: "Microsoft.Resources", versions: ["2022-12-01"] },
    ...{ method: "GET", path: "/locations", query: ["includeExtendedLocations"] },
    action: "Microsoft.Resources/subscriptions/locations/read",
  },
  "LIST resourceGroups": {
    ...{ scope: "subscription", provider: "Microsoft.Resources", versions: ["2021-04-01"] },
    ...{ method: "GET", path: "/resourcegroups", query: ["$filter", "$top", "$skiptoken"] },
    action: "Microsoft.Resources/subscriptions/resourceGroups/read",
  },
  "LIST skus": {
    ...{ scope: "subscription", provider: "Microsoft.Compute", versions: ["2021-07-01"] },
    ...{ method: "GET", path: "/skus", query: ["$filter", "$skiptoken"] },
    action: "Microsoft.Compute/skus/read",
  },
  "LIST images": {
    ...{ scope: "subscription", provider: "Microsoft.Compute", versions: computeVersions },
    ...{ method: "GET", query: ["$top", "$orderby", "$expand"] },
    path: "/locations/{}/publishers/{}/artifacttypes/vmimage/offers/{}/skus/{}/versions",
    action: "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read",
  },
  "LIST permissions of a group": {
    ...{ scope: "group", provider: "Microsoft.Authorization", versions: ["2022-04-01"] },
    ...{ method: "GET", path: "/permissions" },
    action: "Microsoft.Authorization/permissions/read",
  },
  "LIST permissions": {
    ...{ scope: "subscription", provider: "Microsoft.Authorization", versions: ["2022-04-01"] },
    ...{ method: "GET", path: "/permissions" },
    action: "Microsoft.Authorization/permissions/read",
  },
};
