/** AMIs, and tags on what is there already. */

import type { Parameters } from "../parameters.ts";
import { listed, paged, tagSet } from "./listing.ts";
import { Refusal, tagsFor, type Xml } from "./query.ts";
import { type Account, get, type Image } from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Promise<Xml> | Xml;

const describeImages: Action = (account, parameters) => {
  const ids = parameters.list("ImageId");
  const owners = parameters.list("Owner");
  const isOwned = ({ owner }: Image) =>
    owners.length === 0 ||
    owners.includes(owner) ||
    (owners.includes("self") && owner === account.accountId);
  const found = listed(account, account.images, ids, "InvalidAMIID.NotFound", parameters, {
    name: ({ name }) => name,
    state: (image) => (account.now() < image.readyAt ? "pending" : "available"),
    architecture: () => "x86_64",
  }).filter(isOwned);
  const { items, nextToken } = paged(found, parameters, ids);
  return {
    imagesSet: items.map((image) => ({
      imageId: image.id,
      imageState: account.now() < image.readyAt ? "pending" : "available",
      imageOwnerId: image.owner,
      name: image.name,
      creationDate: image.creationDate,
      architecture: "x86_64",
      rootDeviceType: "ebs",
      rootDeviceName: image.rootDevice,
      bootMode: image.bootMode,
      virtualizationType: "hvm",
      enaSupport: true,
      blockDeviceMapping: [
        {
          deviceName: image.rootDevice,
          ebs: { volumeSize: image.rootGiB, deleteOnTermination: true },
        },
      ],
      tagSet: tagSet(image.tags),
    })),
    nextToken,
  };
};

const registerImage: Action = (account, parameters) => {
  const name = parameters.get("Name");
  // Source: EC2 API reference, RegisterImage, Name.
  if (!/^[a-zA-Z0-9()[\] ./\-'@_]{3,128}$/.test(name)) {
    throw new Refusal("InvalidAMIName.Malformed", `AMI names must be 3 to 128 characters`);
  }
  const namesake = [...account.images.values()].find(
    (image) => image.name === name && image.owner === account.accountId,
  );
  if (namesake !== undefined) {
    throw new Refusal(
      "InvalidAMIName.Duplicate",
      `AMI name ${name} is already in use by ${namesake.id}`,
    );
  }
  if (parameters.find("Architecture") !== "x86_64") {
    throw new Refusal("InvalidParameterValue", "without an architecture it would be an i386 image");
  }
  const rootDevice = parameters.get("RootDeviceName");
  const root = parameters
    .structures("BlockDeviceMapping")
    .find((mapping) => mapping.get("DeviceName") === rootDevice);
  if (root === undefined) {
    throw new Refusal("InvalidBlockDeviceMapping", "The root device is not mapped");
  }
  const snapshot = get(account.snapshots, "snapshot", root.get("Ebs.SnapshotId"));
  if (account.now() < snapshot.readyAt) {
    throw new Refusal("IncorrectState", `Snapshot is in invalid state - pending`);
  }
  const image: Image = {
    ...account.newThing("ami", tagsFor(parameters, "image")),
    name,
    owner: account.accountId,
    creationDate: "2026-11-23T00:00:00.000Z",
    rootDevice,
    bootMode: parameters.get("BootMode"),
    rootGiB: snapshot.sizeGiB,
    snapshotId: snapshot.id,
    readyAt: account.now() + account.delays.createMs,
  };
  account.images.set(image.id, image);
  return { imageId: image.id };
};

const deregisterImage: Action = (account, parameters) => {
  const image = get(account.images, "image", parameters.get("ImageId"));
  if (image.owner !== account.accountId) {
    throw new Refusal("AuthFailure", `Not authorized for image:${image.id}`, 403);
  }
  account.images.delete(image.id);
  return { return: true };
};

const createTags: Action = (account, parameters) => {
  const tags = parameters.structures("Tag");
  const kinds = [account.volumes, account.instances, account.snapshots, account.images];
  for (const id of parameters.list("ResourceId")) {
    const thing = kinds.map((kind) => kind.get(id)).find((found) => found !== undefined);
    if (thing === undefined) throw new Refusal("InvalidID", `The ID '${id}' is not valid`);
    for (const tag of tags) thing.tags.set(tag.get("Key"), tag.get("Value"));
  }
  return { return: true };
};

export const imageActions: Record<string, Action> = {
  DescribeImages: describeImages,
  RegisterImage: registerImage,
  DeregisterImage: deregisterImage,
  CreateTags: createTags,
};
