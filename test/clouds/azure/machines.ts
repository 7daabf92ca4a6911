/** Virtual machines. Sources: Compute REST API (VirtualMachines); Azure docs, "States and billing status", "Delete a VM and attached resources". */
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { accepted, type Handler, shownList } from "./answers.ts";
import { makeDisk, removeDisk } from "./disks.ts";
import { Refusal } from "./refusal.ts";
import { marketplace, sizes } from "./skus.ts";
import { type Disk, type Machine, nameIn, type Subscription } from "./state.ts";

const type = "Microsoft.Compute/virtualMachines";

const disksOf = ({ disks }: Subscription, machine: string): Disk[] =>
  disks
    .all()
    .filter(({ attachment }) => attachment?.machine.toLowerCase() === machine.toLowerCase())
    .sort((a, b) => (a.attachment?.lun ?? -1) - (b.attachment?.lun ?? -1));

const isSystem = ({ attachment }: Disk) => attachment?.lun === undefined;

function machineBody(subscription: Subscription, machine: Machine, withView = false) {
  const attached = disksOf(subscription, machine.name);
  const system = attached.find(isSystem);
  const shared = (disk: Disk) => ({
    name: disk.name,
    caching: disk.attachment?.caching,
    deleteOption: disk.attachment?.deleteOption,
    diskSizeGB: disk.sizeGiB,
    managedDisk: {
      // In capitals, as Compute gives it.
      id: subscription.idOf(
        "Microsoft.Compute/disks",
        disk.name,
        subscription.resourceGroup.toUpperCase(),
      ),
      storageAccountType: disk.type,
    },
  });
  return {
    id: subscription.idOf(type, machine.name),
    name: machine.name,
    type,
    location: machine.location,
    tags: machine.tags,
    ...(machine.zone === undefined ? {} : { zones: [machine.zone] }),
    properties: {
      vmId: "2b2f8c7a-0000-0000-0000-000000000000",
      provisioningState: subscription.provisioningState(machine),
      hardwareProfile: { vmSize: machine.size },
      storageProfile: {
        ...(system === undefined
          ? {}
          : {
              osDisk: {
                ...shared(system),
                osType: system.osType ?? "Linux",
                createOption: machine.runs === "server" ? "Attach" : "FromImage",
              },
            }),
        dataDisks: attached
          .filter((disk) => !isSystem(disk))
          .map((disk) => ({
            ...shared(disk),
            lun: disk.attachment?.lun,
            createOption: "Attach",
            toBeDetached: false,
          })),
      },
      networkProfile: {
        networkInterfaces: machine.interfaces.map(({ name, deleteOption }) => ({
          id: subscription.idOf("Microsoft.Network/networkInterfaces", name),
          properties: { primary: true, deleteOption },
        })),
      },
      diagnosticsProfile: { bootDiagnostics: { enabled: machine.hasDiagnostics } },
      ...(withView ? { instanceView: viewOf(subscription, machine) } : {}),
    },
  };
}

function viewOf(subscription: Subscription, machine: Machine) {
  const state = subscription.provisioningState(machine);
  const { failure } = machine;
  const provisioning =
    state === "Failed"
      ? {
          code: `ProvisioningState/failed/${failure?.code}`,
          level: "Error",
          displayStatus: "Provisioning failed",
          message: failure?.message,
        }
      : {
          code: `ProvisioningState/${state.toLowerCase()}`,
          level: "Info",
          displayStatus: state,
        };
  // A machine that never ran has no power state.
  const power =
    state === "Creating" || state === "Failed"
      ? []
      : [
          {
            code: `PowerState/${machine.power}`,
            level: "Info",
            displayStatus: `VM ${machine.power}`,
          },
        ];
  return {
    hyperVGeneration: machine.generation,
    statuses: [provisioning, ...power],
  };
}

const fence = "HYPERMOTION_BOOTSTRAP";

/** What custom data of ours makes of a machine: a gateway where it holds a gateway's configuration. */
function bootstrapIn(customData: string): ReturnType<typeof gatewayBootstrap.parse> | undefined {
  const text = new RegExp(`<<'${fence}'\\n(.*)\\n${fence}\\n`).exec(customData)?.[1];
  return text === undefined ? undefined : gatewayBootstrap.parse(JSON.parse(text));
}

/** Source: Compute REST API, OSProfile.adminUsername. */
const reserved =
  /^(administrator|admin[12]?|user[1-5]?|test[1-3]?|1|123|a|actuser|adm|aspnet|backup|console|david|guest|john|owner|root|server|sql|support(_388945a0)?|sys)$/i;

// biome-ignore lint/suspicious/noExplicitAny: checked against the table before it comes here
function checkProfile(osProfile: any): string {
  if (osProfile === undefined) {
    throw new Refusal(400, "InvalidParameter", "Required parameter 'osProfile' is missing (null).");
  }
  const { computerName, adminUsername, adminPassword, customData = "" } = osProfile;
  const { linuxConfiguration = {} } = osProfile;
  const refuse = (target: string, why: string) =>
    new Refusal(400, "InvalidParameter", `The value of parameter ${target} is invalid: ${why}`);
  if (reserved.test(adminUsername)) {
    throw refuse("adminUsername", "The Admin Username specified is not allowed.");
  }
  if (!/^[a-zA-Z0-9-]{1,64}$/.test(computerName)) throw refuse("computerName", "Not a host name.");
  const keys = linuxConfiguration.ssh?.publicKeys ?? [];
  if (linuxConfiguration.disablePasswordAuthentication && keys.length === 0) {
    throw refuse("linuxConfiguration.ssh.publicKeys.keyData", "It is missing.");
  }
  if (!linuxConfiguration.disablePasswordAuthentication && adminPassword === undefined) {
    throw refuse("adminPassword", "It is missing.");
  }
  for (const { path, keyData } of keys) {
    if (path !== `/home/${adminUsername}/.ssh/authorized_keys` || !/^ssh-\S+ AAAA/.test(keyData)) {
      throw refuse("linuxConfiguration.ssh.publicKeys.path", "It is not the user's.");
    }
  }
  const text = Buffer.from(customData, "base64").toString("utf8");
  if (Buffer.byteLength(text) > 65_535) {
    throw refuse("customData", "Custom data in OSProfile must be in Base64, at most 65535 bytes.");
  }
  return text;
}

const putMachine: Handler = async (subscription, { name, group, body }) => {
  const { location, tags, zones, properties } = body;
  const earlier = subscription.machines.find(name);
  if (earlier !== undefined) {
    subscription.requireIdle(earlier);
    throw new Refusal(
      409,
      "PropertyChangeNotAllowed",
      "Changing property 'osProfile.customData' is not allowed.",
    );
  }
  const { storageProfile, osProfile, networkProfile, hardwareProfile } = properties;
  const size = sizes.find((one) => one.name === hardwareProfile.vmSize);
  if (size === undefined) {
    throw new Refusal(
      400,
      "InvalidParameter",
      `The value ${hardwareProfile.vmSize} provided for the VM size is not valid.`,
    );
  }
  if (size.isRestricted || subscription.soldOut.has(size.name)) {
    throw new Refusal(
      409,
      "SkuNotAvailable",
      `The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: ${size.name}' is currently not available in location '${location}'.`,
    );
  }
  const used = subscription.machines
    .all()
    .reduce((sum, one) => sum + (sizes.find((of) => of.name === one.size)?.vcpus ?? 0), 0);
  if (used + size.vcpus > subscription.quotas.cores) {
    throw new Refusal(
      409,
      "OperationNotAllowed",
      `Operation could not be completed as it results in exceeding approved ${size.family} Cores quota. Additional Required: ${size.vcpus}.`,
    );
  }
  const nics = networkProfile.networkInterfaces.map(
    // biome-ignore lint/suspicious/noExplicitAny: checked against the table before it comes here
    ({ id, properties: of }: any) => {
      const nic = subscription.interfaces.find(nameIn(id));
      if (nic === undefined) {
        throw new Refusal(404, "NotFound", `Resource ${id} was not found.`);
      }
      if (subscription.provisioningState(nic) !== "Succeeded") {
        throw new Refusal(
          409,
          "ReferencedResourceNotProvisioned",
          `Cannot proceed with operation because resource ${id} used by resource ${name} is not in Succeeded state.`,
        );
      }
      if (nic.machine !== undefined && nic.machine !== name) {
        throw new Refusal(409, "NicInUse", `Network Interface ${id} is used by ${nic.machine}.`);
      }
      return { nic, deleteOption: of.deleteOption };
    },
  );
  const { osDisk, dataDisks = [], imageReference } = storageProfile;
  const fails = subscription.failsToAllocate.has(size.name);
  const common = {
    ...subscription.newThing(name, location, tags, subscription.delays.createMs),
    size: size.name,
    ...(zones === undefined ? {} : { zone: zones[0] }),
    interfaces: nics.map((one: { nic: { name: string }; deleteOption: string }) => ({
      name: one.nic.name,
      deleteOption: one.deleteOption,
    })),
    hasDiagnostics: properties.diagnosticsProfile?.bootDiagnostics?.enabled === true,
    power: "starting" as const,
    powerUntil: subscription.now() + subscription.delays.bootMs,
    ...(fails
      ? {
          failure: {
            code: "AllocationFailed",
            message:
              "Allocation failed. We do not have sufficient capacity for the requested VM size in this region.",
          },
        }
      : {}),
  };
  const machine: Machine =
    osDisk.createOption === "Attach"
      ? await startServer()
      : await startOfImage(checkProfile(osProfile));
  subscription.machines.put(machine);
  for (const { nic } of nics) nic.machine = name;
  if (machine.runs === "server" && !fails) {
    const all = disksOf(subscription, name).map((disk) => disk.name);
    await subscription.backing?.startServer(name, all);
  }
  const now = machineBody(subscription, machine);
  return {
    ...accepted(subscription, 201, subscription.delays.createMs, now),
    operation: subscription.newOperation(subscription.delays.createMs, machine.failure),
  };

  async function startServer(): Promise<Machine> {
    if (osProfile !== undefined || imageReference !== undefined) {
      throw new Refusal(400, "InvalidParameter", "Parameter 'osProfile' is not allowed.");
    }
    if (osDisk.osType === undefined || osDisk.managedDisk?.id === undefined) {
      throw new Refusal(400, "InvalidParameter", "Required parameter 'osDisk.osType' is missing.");
    }
    const system = free(osDisk.managedDisk.id);
    if ((system.osType ?? osDisk.osType) !== osDisk.osType) {
      throw new Refusal(
        409,
        "PropertyChangeNotAllowed",
        "Changing property 'osDisk.osType' is not allowed.",
      );
    }
    // A disk that says nothing is of generation 1. Source: azure-powershell issue 17372.
    const generation = system.generation ?? "V1";
    if (!size?.generations.split(",").includes(generation)) {
      throw new Refusal(
        400,
        "BadRequest",
        `The selected VM size '${size?.name}' cannot boot Hypervisor Generation '${generation.slice(1)}'. If this was a Create operation please check that the Hypervisor Generation of the Image matches the Hypervisor Generation of the selected VM Size.`,
      );
    }
    if (subscription.bootsCopiesOnly && !system.source?.endsWith("-system")) {
      throw new Refusal(400, "BadRequest", `The OS disk ${system.name} can not be attached.`);
    }
    const lifes = new Map<string, { lun: number; deleteOption: string; caching: string }>();
    for (const { lun, managedDisk, deleteOption, caching = "None" } of dataDisks) {
      lifes.set(free(managedDisk.id).name, { lun, deleteOption, caching });
    }
    if (lifes.size > (size?.disks ?? 0)) throw tooMany(size?.disks ?? 0);
    system.attachment = {
      machine: name,
      deleteOption: osDisk.deleteOption,
      caching: osDisk.caching ?? "None",
    };
    for (const [disk, life] of lifes) {
      subscription.disks.get(disk, group).attachment = { machine: name, ...life };
    }
    return { ...common, generation, customData: "", runs: "server" };
  }

  function free(id: string): Disk {
    const disk = subscription.disks.get(nameIn(id), group);
    if (disk.attachment !== undefined) {
      throw new Refusal(
        409,
        "OperationNotAllowed",
        `Disk ${disk.name} is attached to VM ${disk.attachment.machine}.`,
      );
    }
    if (disk.zone !== zones?.[0]) {
      throw new Refusal(400, "BadRequest", `Disk ${disk.name} is of zone ${disk.zone}.`);
    }
    requireStorage(disk);
    subscription.requireIdle(disk);
    return disk;
  }

  function requireStorage(disk: { type: string }): void {
    if (!disk.type.startsWith("Premium") || size?.premium) return;
    throw new Refusal(
      409,
      "InvalidParameter",
      `Requested operation cannot be performed because the VM size ${size?.name} does not support the storage account type ${disk.type}.`,
    );
  }

  async function startOfImage(customData: string): Promise<Machine> {
    const { publisher, offer, sku } = imageReference ?? {};
    const generation = marketplace.get(`${publisher} ${offer} ${sku}`);
    if (generation === undefined) {
      throw new Refusal(
        404,
        "PlatformImageNotFound",
        `The platform image ${publisher}:${offer}:${sku} is not available.`,
      );
    }
    if (!size?.generations.split(",").includes(generation)) {
      throw new Refusal(
        400,
        "BadRequest",
        `The selected VM size '${size?.name}' cannot boot Hypervisor Generation '${generation.slice(1)}'.`,
      );
    }
    const diskType = osDisk.managedDisk?.storageAccountType ?? "Standard_LRS";
    requireStorage({ type: diskType });
    const bootstrap = bootstrapIn(customData);
    await makeDisk(subscription, {
      ...subscription.newThing(osDisk.name ?? `${name}_OsDisk_1`, location, {}, 0),
      type: diskType,
      sizeGiB: osDisk.diskSizeGB ?? 30,
      osType: "Linux",
      generation,
      createOption: "FromImage",
      isOfImage: true,
      attachment: { machine: name, deleteOption: osDisk.deleteOption, caching: "ReadWrite" },
    });
    if (bootstrap !== undefined && !fails) {
      await subscription.backing?.startGateway(name, bootstrap);
    }
    return {
      ...common,
      generation,
      customData,
      adminUsername: osProfile.adminUsername,
      runs: bootstrap === undefined ? "image" : "gateway",
    };
  }
};

function tooMany(most: number): Refusal {
  return new Refusal(
    409,
    "OperationNotAllowed",
    `The maximum number of data disks allowed to be attached to a VM of this size is ${most}.`,
  );
}

/** Gateways find theirs by LUN. */
const attachDetach: Handler = async (subscription, { names, group, body }) => {
  const machine = subscription.machines.get(names[0] ?? "", group);
  subscription.requireIdle(machine);
  const size = sizes.find(({ name }) => name === machine.size);
  for (const { diskId } of body.dataDisksToDetach ?? []) {
    const disk = subscription.disks.get(nameIn(diskId), group);
    if (disk.attachment?.machine !== machine.name) {
      throw new Refusal(
        400,
        "InvalidParameter",
        `Disk ${disk.name} is not attached to ${machine.name}.`,
      );
    }
    delete disk.attachment;
    if (machine.runs === "gateway") await subscription.backing?.detach(disk.name);
  }
  for (const { diskId, lun, caching = "None", deleteOption } of body.dataDisksToAttach ?? []) {
    const disk = subscription.disks.get(nameIn(diskId), group);
    if (disk.attachment !== undefined) {
      throw new Refusal(
        409,
        "AttachDiskWhileBeingDetached",
        `Disk ${disk.name} is attached to VM ${disk.attachment.machine}.`,
      );
    }
    if (subscription.provisioningState(disk) !== "Succeeded") {
      throw new Refusal(409, "OperationNotAllowed", `Disk ${disk.name} is being made.`);
    }
    const others = disksOf(subscription, machine.name).filter((one) => !isSystem(one));
    // Source: microsoft/lisa pull request 692.
    if (!(lun >= 0 && lun <= 63)) {
      throw new Refusal(
        400,
        "InvalidParameter",
        `The value '${lun}' of parameter 'dataDisk.lun' is out of range. Value '${lun}' must be between '0' and '63' inclusive.`,
      );
    }
    if (others.some((one) => one.attachment?.lun === lun)) {
      throw new Refusal(
        400,
        "InvalidParameter",
        `Cannot attach data disk '${disk.name}': LUN ${lun} is in use.`,
      );
    }
    if (others.length >= (size?.disks ?? 0)) throw tooMany(size?.disks ?? 0);
    if (disk.type.startsWith("Premium") && !size?.premium) {
      throw new Refusal(
        409,
        "InvalidParameter",
        `The VM size ${size?.name} does not support the storage account type ${disk.type}.`,
      );
    }
    disk.attachment = { machine: machine.name, lun, deleteOption, caching };
    if (machine.runs === "gateway") {
      await subscription.backing?.attach(disk.name, machine.name, { lun });
    }
  }
  machine.busyUntil = subscription.now() + subscription.delays.attachMs;
  machine.isNew = false;
  const { properties } = machineBody(subscription, machine);
  return accepted(subscription, 202, subscription.delays.attachMs, properties.storageProfile);
};

const deallocate: Handler = (subscription, { names, group }) => {
  const machine = subscription.machines.get(names[0] ?? "", group);
  subscription.requireIdle(machine);
  if (machine.power !== "deallocated" && machine.power !== "deallocating") {
    machine.power = "deallocating";
    machine.powerUntil = subscription.now() + subscription.delays.stopMs;
  }
  return accepted(subscription, 202, subscription.delays.stopMs);
};

/** Its disks stay where they are. */
const restart: Handler = (subscription, { names, group }) => {
  const machine = subscription.machines.get(names[0] ?? "", group);
  subscription.requireIdle(machine);
  machine.power = "starting";
  machine.powerUntil = subscription.now() + subscription.delays.bootMs;
  return accepted(subscription, 202, subscription.delays.bootMs);
};

const deleteMachine: Handler = (subscription, { name }) => {
  const machine = subscription.machines.find(name);
  if (machine === undefined) return { status: 204 };
  machine.deletedAt ??= subscription.now();
  return accepted(subscription, 202, subscription.delays.stopMs);
};

const bootDiagnostics: Handler = (subscription, { names, group, url }) => {
  const machine = subscription.machines.get(names[0] ?? "", group);
  if (!machine.hasDiagnostics) {
    throw new Refusal(409, "OperationNotAllowed", "Boot diagnostics is not enabled on the VM.");
  }
  const blob = `${new URL(url).origin}/bootdiagnostics/${machine.name}`;
  return {
    status: 200,
    body: {
      consoleScreenshotBlobUri: `${blob}.screenshot.bmp?${blobKey}`,
      serialConsoleLogBlobUri: `${blob}.serialconsole.log?${blobKey}`,
    },
  };
};

/** The blob's address holds its own key. Source: Storage docs, "Service SAS". */
export const blobKey = "sv=2022-11-02&sr=b&sig=fake%2Fsignature%3D&sp=r";

/** What the line has said; nothing before it has said anything. */
export async function serialLog(
  subscription: Subscription,
  name: string,
): Promise<string | undefined> {
  const machine = subscription.machines.find(name);
  if (machine === undefined) return undefined;
  if (machine.runs !== "server") return "Debian GNU/Linux 12 gateway ttyS0\r\n\r\ngateway login: ";
  const said = await subscription.backing?.console(machine.name);
  return said === "" ? undefined : said;
}

/** What has come about by itself since the last call. */
export async function letMachinesGoOn(subscription: Subscription): Promise<void> {
  const now = subscription.now();
  for (const machine of subscription.machines.all()) {
    if (machine.deletedAt !== undefined) {
      if (now >= machine.deletedAt + subscription.delays.stopMs) await end(subscription, machine);
      continue;
    }
    if (now < machine.powerUntil) continue;
    if (machine.power === "starting") machine.power = "running";
    if (machine.power === "deallocating") {
      machine.power = "deallocated";
      await subscription.backing?.stop(machine.name);
    }
  }
}

async function end(subscription: Subscription, machine: Machine): Promise<void> {
  const attached = disksOf(subscription, machine.name);
  if (machine.runs === "gateway") {
    for (const disk of attached) {
      if (!disk.isOfImage) await subscription.backing?.detach(disk.name);
    }
  }
  await subscription.backing?.remove(machine.name);
  subscription.machines.remove(machine.name);
  for (const disk of attached) {
    const life = disk.attachment?.deleteOption;
    delete disk.attachment;
    if (life === "Delete") await removeDisk(subscription, disk);
  }
  for (const { name, deleteOption } of machine.interfaces) {
    const nic = subscription.interfaces.find(name);
    if (nic === undefined) continue;
    delete nic.machine;
    if (deleteOption !== "Delete") continue;
    // It goes some moments later, and its address is let go then.
    nic.deletedAt = subscription.now() + subscription.delays.interfaceMs;
  }
}

export const machineHandlers: Record<string, Handler> = {
  "PUT virtualMachines": putMachine,
  "GET virtualMachines": (subscription, { name, group, query }) => ({
    status: 200,
    body: machineBody(
      subscription,
      subscription.machines.get(name, group),
      query.get("$expand") === "instanceView",
    ),
  }),
  "LIST virtualMachines": (subscription, request) =>
    shownList(subscription, request, subscription.machines.all(), (of, machine) =>
      machineBody(of, machine),
    ),
  "DELETE virtualMachines": deleteMachine,
  "POST attachDetachDataDisks": attachDetach,
  "POST deallocate": deallocate,
  "POST restart": restart,
  "POST retrieveBootDiagnosticsData": bootDiagnostics,
};
