/** System images made of repaired clones, where a launch boots from one. */
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState } from "../provider.ts";
import {
  type Account,
  findJob,
  listByMarker,
  listByOffset,
  makeOnce,
  pageSize,
  unlessAbsent,
  untilSeen,
  whyItFailed,
} from "./account.ts";
import type { ImsImage } from "./machine-images.ts";
import { asList, consoleTag, nameOf, ownerTag, tagsOf, tagValue } from "./tags.ts";

const states: Record<string, ResourceState> = {
  queued: "pending",
  saving: "pending",
  active: "ready",
  killed: "failed",
};

export async function listOwnedImages(
  account: Account,
  owner: string | undefined,
): Promise<{ id: string; name: string }[]> {
  const wanted = [
    { key: consoleTag, values: [tagValue(account.consoleId)] },
    ...(owner === undefined ? [] : [{ key: ownerTag, values: [tagValue(owner)] }]),
  ];
  const found = await listByOffset(
    account,
    "ListImageByTags",
    (offset) => ({
      body: {
        action: "filter",
        tags: wanted,
        // Numbers as text, here alone. Source: IMS API reference, ListImageByTags.
        limit: String(pageSize),
        ...(offset === 0 ? {} : { offset: String(offset) }),
      },
    }),
    ({ resources }) => resources as { resource_id: string; resource_name: string }[],
  );
  return found.map(({ resource_id, resource_name }) => ({ id: resource_id, name: resource_name }));
}

export function openImages(account: Account): NonNullable<Provider["images"]> {
  const { client, config } = account;

  async function list(query: Readonly<Record<string, string>>): Promise<ImsImage[]> {
    const all = await listByMarker(
      account,
      "ListImages",
      { __imagetype: "private", ...query },
      ({ images }) => images as ImsImage[],
    );
    return all.filter(({ status }) => status !== "deleted");
  }

  async function findByName(name: string): Promise<string | undefined> {
    return (await list({ name })).find((image) => image.name === name)?.id;
  }

  async function order(
    options: Parameters<NonNullable<Provider["images"]>["createImage"]>[0],
  ): Promise<string> {
    const { job_id } = await client.call<{ job_id: string }>("CreateImage", {
      body: {
        name: options.token,
        description: nameOf(options.tags),
        volume_id: options.volumeId,
        os_version: config.launch.osVersion,
        type: "ECS",
        architecture: "x86",
        hw_firmware_type: options.firmware,
        image_tags: asList(tagsOf(options)),
      },
    });
    // The answer names a job; the image is named by the job, or shown by its name, whichever comes first.
    const id = await untilSeen(account, async () => {
      const job = await findJob(account, "ImsShowJob", job_id);
      if (job?.status === "FAIL") throw whyItFailed(job, "an image");
      return job?.entities?.image_id ?? (await findByName(options.token));
    });
    if (id !== undefined) return id;
    const problem = `image ${options.token} is not shown yet`;
    throw new MigrationError("cloud.transient", { platform: "huawei", problem });
  }

  return {
    async createImage(options) {
      if (options.volumeId === undefined) {
        throw new MigrationError("cloud.refused", {
          platform: "huawei",
          what: "an image of a snapshot",
          problem: "Huawei Cloud makes system images of volumes that hang on a server",
        });
      }
      const id = await makeOnce(
        account,
        () => findByName(options.token),
        () => order(options),
      );
      return { id };
    },

    async findImage(id) {
      const [image] = await list({ id });
      if (image === undefined) return undefined;
      const state = states[image.status] ?? "pending";
      return state === "failed" ? { id, state, problem: image.status } : { id, state };
    },

    async deleteImage(id) {
      await unlessAbsent(client.call("GlanceDeleteImage", { path: { image_id: id } }));
    },
  };
}
