/** Gateways and launched servers as UHost instances. */
import { createHmac } from "node:crypto";
import { MigrationError } from "#domain/errors.ts";
import { gatewayScript } from "../cloud-init.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { GatewaySpec, Provider } from "../provider.ts";
import { readSshBanner } from "../ssh-banner.ts";
import { type Account, unlessGone, untilShown } from "./account.ts";
import { createHost, gatewayBootGiB } from "./create-host.ts";
import { gatewayMachine, listInstanceTypes } from "./instance-types.ts";
import { addressOf, findHost, listByToken, shown, type UHost } from "./instances.ts";
import { launch } from "./launch.ts";
import { findGatewayImage, type MachineImage } from "./machine-images.ts";
import { partsOf } from "./names.ts";
import { getFirewall } from "./network.ts";
import { deleteDisk, detach, findDisk, hostOf, listDisks } from "./volumes.ts";

export function openCompute(account: Account): Provider["compute"] {
  const { client, config } = account;
  const { zone: Zone } = config;

  async function runGateway(spec: GatewaySpec): Promise<string> {
    const [earlier] = await listByToken(account, spec.token);
    if (earlier !== undefined) return earlier.UHostId;
    await getFirewall(account, spec.securityGroupId);
    const image = await findGatewayImage(account);
    return createHost(
      account,
      spec,
      {
        imageId: image.id,
        machine: await gatewayMachine(account, spec.instanceType),
        bootGiB: gatewayBootGiB(account, image),
        subnetId: config.subnetId,
        privateAddress: undefined,
        firewallId: spec.securityGroupId,
        userData: gatewayScript(spec.bootstrap),
        login: loginOf(account, image, spec.token),
      },
      deleteHost,
    );
  }

  async function deleteHost(id: string): Promise<void> {
    const settled = await stopped(account, id);
    if (settled === undefined) {
      const problem = `${id} does not come to a stop`;
      throw new MigrationError("cloud.transient", { platform: "ucloud", problem });
    }
    const { host } = settled;
    if (host === undefined) return;
    const ReleaseUDisk = await releaseVolumes(account, host);
    await unlessGone(
      client.call("TerminateUHostInstance", { Zone, UHostId: id, ReleaseUDisk, ReleaseEIP: false }),
    );
  }

  return {
    listInstanceTypes: () => listInstanceTypes(account),

    createGateway: async (spec) => ({ id: await runGateway(spec) }),

    launch: (spec) => launch(account, spec, deleteHost),

    async findInstance(id) {
      const host = await findHost(account, id);
      return host && shown(host);
    },

    async findInstanceByToken(token) {
      const [host] = await listByToken(account, token);
      return host && shown(host);
    },

    async stopInstance(id) {
      const host = await findHost(account, id);
      if (host?.State === "Stopped" || host?.State === "Stopping") return;
      await client.call("StopUHostInstance", { Zone, UHostId: id });
    },

    async restartInstance(id) {
      await client.call("RebootUHostInstance", { Zone, UHostId: id });
    },

    deleteInstance: deleteHost,

    /** UCloud shows the serial line to nobody. */
    readConsole: async () => "",

    async probeAddress(id) {
      const host = await findHost(account, id);
      const address = host && addressOf(host);
      return address === undefined ? undefined : readSshBanner(address, config.launch.sshPort);
    },
  };
}

/** Only a stopped host is deleted, and between two states nothing can be ordered. */
async function stopped(
  account: Account,
  id: string,
): Promise<{ host: UHost | undefined } | undefined> {
  let isOrdered = false;
  return untilShown(account, async () => {
    const host = await findHost(account, id);
    if (host === undefined || host.State === "Stopped" || host.State === "Install Fail") {
      return { host };
    }
    if (host.State === "Running" && !isOrdered) {
      // Its disk is thrown away: nothing is lost by not asking the guest.
      const order = { Zone: account.config.zone, UHostId: id };
      await unlessGone(account.client.call("PoweroffUHostInstance", order));
      isOrdered = true;
    }
    return undefined;
  });
}

/**
 * Volumes that were launched with it end with it; others that hang on it, such as a gateway's or what a
 * user has hung on it since, stay.
 * @returns whether all that still hang there may end with it
 */
async function releaseVolumes(account: Account, { UHostId, Name, Tag }: UHost): Promise<boolean> {
  const { mark } = partsOf(Name);
  const owned = Tag === undefined || mark === undefined ? [] : await listDisks(account, { Tag });
  const ours = owned.filter((disk) => partsOf(disk.Name).launch === mark);
  for (const disk of ours) {
    if (hostOf(disk) === undefined) await deleteDisk(account, disk.UDiskId);
  }
  const hanging = await listDisks(account, { HostId: UHostId });
  const isOurs = ({ UDiskId }: { UDiskId: string }) => ours.some((one) => one.UDiskId === UDiskId);
  if (hanging.every(isOurs)) return hanging.length > 0;
  for (const { UDiskId } of hanging.filter(isOurs)) {
    await detach(account, UDiskId);
    await untilShown(account, async () => {
      const now = await findDisk(account, UDiskId);
      return now === undefined || hostOf(now) === undefined ? true : undefined;
    });
    await deleteDisk(account, UDiskId);
  }
  return false;
}

/**
 * S-04: a custom image keeps its own login; one of UCloud's own gets the operators' key or password, or one
 * that nobody knows. Passwords are sent in base64.
 */
function loginOf({ config, secrets }: Account, image: MachineImage, token: string): Parameters {
  const { keyPairId } = config.gateway;
  if (keyPairId !== undefined) return { LoginMode: "KeyPair", KeyPairId: keyPairId };
  const { gatewayPassword } = secrets;
  if (gatewayPassword === undefined && image.owner !== "platform") {
    return { LoginMode: "ImagePasswd" };
  }
  // The same for the same order: a repeated one must not differ from the first.
  const digest = createHmac("sha256", secrets.privateKey).update(`login of ${token}`);
  const password = gatewayPassword ?? `Hm1-${digest.digest("base64url").slice(0, 24)}`;
  return { LoginMode: "Password", Password: Buffer.from(password).toString("base64") };
}
