/** Images. Source: QingCloud API, DescribeImages and CaptureImageFromSnapshot. */
import type { Parameters } from "../parameters.ts";
import { listed, paged } from "./listing.ts";
import { type Answer, Refusal } from "./request.ts";
import { type Account, get, type Image, refuseBusy } from "./state.ts";
import { dropBytes } from "./volumes.ts";

type Action = (account: Account, parameters: Parameters) => Promise<Answer> | Answer;

export async function letImagesHappen(account: Account): Promise<void> {
  for (const image of account.images.values()) {
    if (image.next === undefined || account.now() < image.changesAt) continue;
    Object.assign(image, { status: image.next, transition: "" });
    delete image.next;
    if (image.status === "deleted") await dropBytes(account, image.snapshotId ?? "");
  }
}

const describeImages: Action = (account, parameters) => {
  const found = listed(account.images, parameters, "images", {
    fields: {
      provider: ({ provider }) => provider,
      processor_type: ({ processor }) => processor,
      status: ({ status }) => status,
    },
  });
  return paged("image_set", found, parameters, (image) => ({
    image_id: image.id,
    image_name: image.name,
    size: image.sizeGiB,
    processor_type: image.processor,
    platform: image.platform,
    os_family: image.osFamily,
    provider: image.provider,
    visibility: image.provider === "system" ? "public" : "private",
    status: image.status,
    transition_status: image.transition,
    create_time: image.createdAt,
  }));
};

const neonSan = [5, 6, 7];

const captureImage: Action = (account, parameters) => {
  const snapshot = get(account.snapshots, parameters.get("snapshot"));
  const baseId = parameters.find("base_image");
  if (baseId === undefined) {
    throw new Refusal(1100, "InvalidRequestFormat, base_image is required for a volume's snapshot");
  }
  const base = get(account.images, baseId);
  refuseBusy(snapshot);
  if (neonSan.includes(snapshot.volumeType)) {
    throw new Refusal(1400, `PermissionDenied, snapshot [${snapshot.id}] can not be captured`);
  }
  if (account.imagesRefused !== undefined) {
    throw new Refusal(1400, `PermissionDenied, ${account.imagesRefused}`);
  }
  const image: Image = {
    ...account.newThing("img", parameters.get("image_name")),
    ...{ provider: "self", platform: base.platform, osFamily: base.osFamily },
    ...{ processor: base.processor, sizeGiB: snapshot.sizeGiB, snapshotId: snapshot.id },
    ...{ status: "pending", transition: "creating", changesAt: 0 },
  };
  account.images.set(image.id, image);
  account.change(image, "creating", "available", account.delays.imageMs);
  const job_id = account.newJob("CaptureImageFromSnapshot", [image.id], account.delays.imageMs);
  if (account.fails(job_id)) {
    delete image.next;
    image.transition = "";
  }
  return { image_id: image.id, job_id };
};

const deleteImages: Action = (account, parameters) => {
  const images = parameters.list("images").map((id) => get(account.images, id));
  for (const image of images) {
    if (image.provider !== "self") throw new Refusal(1400, "PermissionDenied, it is not yours");
    account.refuseWithoutLease(image);
    refuseBusy(image);
  }
  for (const image of images) {
    account.change(image, "deleting", "deleted", account.delays.deleteMs);
  }
  const ids = images.map(({ id }) => id);
  return { job_id: account.newJob("DeleteImages", ids, account.delays.deleteMs) };
};

export const imageActions: Record<string, Action> = {
  CaptureImageFromSnapshot: captureImage,
  DeleteImages: deleteImages,
  DescribeImages: describeImages,
};
