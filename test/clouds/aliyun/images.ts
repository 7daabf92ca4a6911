/** Images, and tags on what is there already. */
import type { Parameters } from "../parameters.ts";
import { listed, pagedByNumber, shownTags } from "./listing.ts";
import { type Answer, Refusal, tagsOf } from "./rpc.ts";
import { type Account, get, type Image } from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Answer;

/** Source: CreateImage, Platform. */
const platforms = new Set([
  ...["Aliyun", "Anolis", "CentOS", "Ubuntu", "CoreOS", "SUSE", "Debian", "OpenSUSE", "RedHat"],
  ...["AlmaLinux", "Rocky Linux", "Fedora", "Customized Linux", "Others Linux"],
]);

const statusOf = (account: Account, { readyAt }: Image) =>
  account.now() < readyAt ? "Creating" : "Available";

const describeImages: Action = (account, parameters) => {
  // Unless told, only images that are ready are shown.
  const statuses = (parameters.find("Status") ?? "Available").split(",");
  const found = listed(account, account.images, parameters, {
    fields: {
      ImageId: ({ id }) => id,
      ImageOwnerAlias: ({ owner }) => owner,
      OSType: () => "linux",
      Architecture: () => "x86_64",
      IsSupportCloudinit: ({ owner }) => String(owner === "system"),
    },
  }).filter((image) => statuses.includes(statusOf(account, image)));
  const { items, next } = pagedByNumber(found, parameters);
  return {
    ...next,
    RegionId: account.region,
    Images: {
      Image: items.map((image) => ({
        ImageId: image.id,
        ImageName: image.name,
        ImageOwnerAlias: image.owner,
        CreationTime: image.createdAt,
        Status: statusOf(account, image),
        Size: image.sizeGiB,
        BootMode: image.bootMode,
        OSType: "linux",
        Architecture: "x86_64",
        DiskDeviceMappings: {
          DiskDeviceMapping: [
            {
              Device: "/dev/xvda",
              Type: "system",
              Size: String(image.sizeGiB),
              SnapshotId: image.snapshotId ?? "",
            },
          ],
        },
        Tags: shownTags(image.tags),
      })),
    },
  };
};

const createImage: Action = (account, parameters) => {
  const earlier = account.earlier("CreateImage", parameters);
  if (earlier !== undefined) return { ImageId: earlier };
  const mappings = parameters.structures("DiskDeviceMapping");
  const direct = parameters.find("SnapshotId");
  const systems = mappings.filter((one) => one.get("DiskType") === "system");
  const snapshotId = systems[0]?.find("SnapshotId") ?? direct;
  if (snapshotId === undefined) {
    throw new Refusal(
      400,
      "MissingParameter",
      "The input parameter SnapshotId or InstanceId or DiskDeviceMapping is not supplied.",
    );
  }
  const snapshot = get(account.snapshots, "SnapshotId", snapshotId);
  if (systems.length > 1) {
    throw new Refusal(400, "OperationDenied", "contains two or more system disk snapshots.");
  }
  if (systems[0] !== undefined && systems[0].get("Device") !== "/dev/xvda") {
    throw new Refusal(400, "InvalidDevice.Malformed", "Device of a system disk is /dev/xvda.");
  }
  if (snapshot.diskType === "data" && direct !== undefined) {
    throw new Refusal(403, "OperationDenied", "The specified snapshot is not from system disk.");
  }
  if (snapshot.diskType === "data" && !account.imagesOfDataDisks) {
    throw new Refusal(
      403,
      "UserNotInTheWhiteList",
      "The user is not in the white list of create image by data disk snapshot.",
    );
  }
  if (account.now() < snapshot.readyAt) {
    throw new Refusal(403, "InvalidSnapshotId.NotReady", "SnapshotId does not support this.");
  }
  const name = parameters.get("ImageName");
  if ([...account.images.values()].some((image) => image.name === name)) {
    throw new Refusal(
      400,
      "InvalidImageName.Duplicated",
      "The specified Image name has already bean used.",
    );
  }
  if (!platforms.has(parameters.find("Platform") ?? "Others Linux")) {
    throw new Refusal(400, "InvalidPlatform.Malformed", "Platform is wrongly formed.");
  }
  if ((parameters.find("Architecture") ?? "x86_64") !== "x86_64") {
    throw new Refusal(400, "InvalidArchitecture.Malformed", "Architecture is wrongly formed.");
  }
  const bootMode = parameters.find("BootMode") ?? "BIOS";
  if (!["BIOS", "UEFI", "UEFI-Preferred"].includes(bootMode)) {
    throw new Refusal(400, "InvalidParameter.BootMode", "BootMode is not valid.");
  }
  const image: Image = {
    ...account.newThing("m", name, tagsOf(parameters)),
    owner: "self",
    createdAt: "2026-11-26T00:00:00Z",
    sizeGiB: snapshot.sizeGiB,
    bootMode,
    snapshotId: snapshot.id,
    readyAt: account.now() + account.delays.imageMs,
  };
  account.images.set(image.id, image);
  account.remember("CreateImage", parameters, image.id);
  return { ImageId: image.id };
};

const deleteImage: Action = (account, parameters) => {
  const image = get(account.images, "ImageId", parameters.get("ImageId"));
  if (image.owner !== "self") throw new Refusal(403, "Forbidden", "This image is not yours.");
  const isUsed = [...account.instances.values()].some(({ imageId }) => imageId === image.id);
  if (isUsed && !parameters.flag("Force")) {
    throw new Refusal(403, "ImageUsingByInstance", "The image is used by instances.");
  }
  account.images.delete(image.id);
  return {};
};

const tagResources: Action = (account, parameters) => {
  if (parameters.get("ResourceType") !== "disk") throw new Error("we only tag disks later");
  const disks = parameters.list("ResourceId").map((id) => {
    const disk = account.disks.get(id);
    if (disk !== undefined) return disk;
    throw new Refusal(404, "InvalidResourceId.NotFound", `The ResourceId ${id} does not exist.`);
  });
  for (const [key, value] of tagsOf(parameters)) {
    for (const disk of disks) disk.tags.set(key, value);
  }
  return {};
};

export const imageActions: Record<string, Action> = {
  DescribeImages: describeImages,
  CreateImage: createImage,
  DeleteImage: deleteImage,
  TagResources: tagResources,
};
