/** Custom and public images. Source: CVM API, CreateImage, DescribeImages, DeleteImages. */
import type { Client as Cvm } from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_client.js";
import type { Image as CvmImage } from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_models.js";
import { type Actions, listed } from "./listing.ts";
import { Refusal } from "./request.ts";
import { type Account, get, type Image, notFound } from "./state.ts";

function imageSeen(account: Account, image: Image): CvmImage {
  return {
    ImageId: image.id,
    ImageName: image.name,
    ImageDescription: image.description,
    ImageType: image.isPublic ? "PUBLIC_IMAGE" : "PRIVATE_IMAGE",
    ImageSource: image.isPublic ? "OFFICIAL" : "CREATE_IMAGE",
    ImageState: account.now() < image.readyAt ? "CREATING" : "NORMAL",
    ImageSize: image.sizeGiB,
    OsName: image.osName,
    Platform: image.platform,
    Architecture: image.architecture,
    CreatedTime: image.createdTime,
    IsSupportCloudinit: image.takesUserData,
    Tags: [...image.tags],
  };
}

export const imageActions: Actions<Cvm, "CreateImage" | "DeleteImages" | "DescribeImages"> = {
  DescribeImages(account, request) {
    const { page, total } = listed(
      account,
      account.images,
      request.ImageIds,
      request,
      {
        "image-type": ({ isPublic }) => (isPublic ? "PUBLIC_IMAGE" : "PRIVATE_IMAGE"),
        "image-name": ({ name }) => name,
        platform: ({ platform }) => platform,
      },
      { ifAbsent: notFound.image },
    );
    return { TotalCount: total, ImageSet: page.map((image) => imageSeen(account, image)) };
  },

  CreateImage(account, request) {
    const { ImageName: name, SnapshotIds = [], TagSpecification = [] } = request;
    if (name.length > 60) {
      throw new Refusal("InvalidParameterValue.TooLong", "A name has at most 60 characters.");
    }
    const snapshots = SnapshotIds.map((id) => {
      const snapshot = account.snapshots.get(id);
      if (snapshot !== undefined) return snapshot;
      throw new Refusal("InvalidParameter.SnapshotNotFound", `\`${id}\` does not exist.`);
    });
    const [system, ...more] = snapshots.filter(({ usage }) => usage === "SYSTEM_DISK");
    if (system === undefined) {
      throw new Refusal(
        "InvalidParameter.SystemSnapshotNotFound",
        "None of the snapshots is a system disk's.",
      );
    }
    if (more.length > 0) {
      throw new Refusal("InvalidParameter.DuplicateSystemSnapshots", "There are two system disks.");
    }
    if (account.now() < system.readyAt) {
      throw new Refusal("ResourceUnavailable.SnapshotCreating", "The snapshot is not ready.");
    }
    if (system.encrypted) {
      throw new Refusal("UnsupportedOperation.EncryptedImagesNotSupported", "It is encrypted.");
    }
    const own = [...account.images.values()].filter(({ isPublic }) => !isPublic);
    if (own.some((image) => image.name === name)) {
      throw new Refusal("InvalidImageName.Duplicate", `The name \`${name}\` is taken.`);
    }
    if (own.length >= account.quotas.images) {
      throw new Refusal("ImageQuotaLimitExceeded", "Your quota of images is used up.");
    }
    if (request.DryRun) return {};
    const tags = TagSpecification.find(({ ResourceType }) => ResourceType === "image")?.Tags;
    const image: Image = {
      ...account.newThing("img", tags),
      ...{ name, description: request.ImageDescription ?? "", osName: "Other Linux 64bit" },
      ...{ platform: "Other Linux", architecture: "x86_64", isPublic: false },
      createdTime: "2026-11-23T00:00:00Z",
      takesUserData: false,
      sizeGiB: system.sizeGiB,
      snapshotId: system.id,
      readyAt: account.now() + account.delays.imageMs,
    };
    account.images.set(image.id, image);
    return { ImageId: image.id };
  },

  DeleteImages(account, request) {
    for (const id of request.ImageIds) {
      const image = get(account.images, "image", id);
      if (image.isPublic) {
        throw new Refusal("UnauthorizedOperation.ImageNotBelongToAccount", "It is not yours.");
      }
      if (account.now() < image.readyAt) {
        throw new Refusal("InvalidImageId.IncorrectState", `\`${id}\` is still being created.`);
      }
      account.images.delete(id);
    }
    return {};
  },
};
