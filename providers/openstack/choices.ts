/** What can be chosen for a target's settings. */
import { asker, type Choice, type Choices, labelOf } from "../choices.ts";
import { openClient } from "./client.ts";
import { type OpenstackSecrets, openstackConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { regionsIn } from "./identity.ts";
import { listOwnImages } from "./machine-images.ts";
import { listExternalNetworks, listNetworks, listSubnets } from "./network.ts";
import { listVolumeTypes } from "./volumes.ts";
import { listZones } from "./zones.ts";

/** HyperDoor's image too: a launch by it may be wished for before its image is. */
const standIns = { networkId: "0", subnetId: "0", hyperDoor: { image: "0" } };

const ask = asker({
  schema: openstackConfig,
  standIns,
  open: (settings, secrets: OpenstackSecrets) => ({
    client: openClient(settings, secrets),
    config: settings,
  }),
  inCloudTerms,
});

export const openstackChoices: Choices<
  OpenstackSecrets,
  | "region"
  | "zone"
  | "volumeZone"
  | "networkId"
  | "subnetId"
  | "volume.type"
  | "gateway.externalNetworkId"
  | "hyperDoor.image"
> = {
  region: (asking) =>
    ask(asking, [], async ({ client, config }) =>
      regionsIn(await client.session(), config).map(nameAlone),
    ),

  zone: (asking) =>
    ask(asking, [], async (connection) =>
      (await listZones(connection, "ListComputeZones")).map(nameAlone),
    ),

  volumeZone: (asking) =>
    ask(asking, [], async (connection) =>
      (await listZones(connection, "ListVolumeZones")).map(nameAlone),
    ),

  networkId: (asking) =>
    ask(asking, [], async (connection) =>
      (await listNetworks(connection)).map(({ id, name, shared }) => ({
        value: id,
        label: labelOf(name, shared && "shared"),
      })),
    ),

  subnetId: (asking) =>
    ask(asking, ["networkId"], (connection) =>
      listSubnets(connection, [{ id: connection.config.networkId, name: "" }]),
    ),

  "volume.type": (asking) =>
    ask(asking, [], async (connection) =>
      (await listVolumeTypes(connection)).map(({ name, description }) => ({
        value: name,
        label: labelOf(description),
      })),
    ),

  "gateway.externalNetworkId": (asking) =>
    ask(asking, [], async (connection) =>
      (await listExternalNetworks(connection)).map(({ id, name }) => ({ value: id, label: name })),
    ),

  "hyperDoor.image": (asking) =>
    ask(asking, [], async (connection) =>
      (await listOwnImages(connection)).map(({ id, name, disk_format }) => ({
        value: id,
        label: labelOf(name, disk_format),
      })),
    ),
};

const nameAlone = (value: string): Choice => ({ value, label: "" });
