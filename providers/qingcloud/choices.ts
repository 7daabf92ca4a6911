/** What can be chosen for a target's settings. */
import { asker, type Choices, labelOf } from "../choices.ts";
import { listAll } from "./account.ts";
import { openClient } from "./client.ts";
import { type QingcloudSecrets, qingcloudConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { imageKind, type QingImage } from "./images.ts";
import { baseNetwork, listVpcNetworks } from "./vxnets.ts";

const standIns = { zone: "none", vxnetId: baseNetwork };

/** Source: yunify/qingcloud-api-specs, 2013-08-30/swagger/definitions.json. */
interface Zone {
  readonly zone_id: string;
  readonly status: string;
  readonly region_id?: string;
}

const ask = asker({ schema: qingcloudConfig, standIns, open: openClient, inCloudTerms });

export const qingcloudChoices: Choices<QingcloudSecrets, "zone" | "vxnetId" | "hyperDoor.image"> = {
  zone: (asking) =>
    ask(asking, [], async (client) => {
      // A private QingCloud knows none of our zones. Source: yunify/qingcloud-sdk-go, service/qingcloud.go.
      const order = { zone: undefined };
      const { zone_set = [] } = await client.call<{ zone_set?: Zone[] }>("DescribeZones", order);
      return zone_set
        .filter(({ status }) => status === "active")
        .map(({ zone_id, region_id = "" }) => ({ value: zone_id, label: region_id }));
    }),

  vxnetId: (asking) => ask(asking, ["zone"], (client) => listVpcNetworks({ client })),

  "hyperDoor.image": (asking) =>
    ask(asking, ["zone"], async (client) => {
      const { action, set, filter } = imageKind;
      const order = { ...filter, status: ["available"] };
      const images = await listAll<QingImage>({ client }, action, set, order);
      return images.map(({ image_id, image_name, platform, size }) => ({
        value: image_id,
        label: labelOf(image_name, platform, `${size} GB`),
      }));
    }),
};
