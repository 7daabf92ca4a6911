/** AMIs made of repaired clones, where a launch boots from one. */
import {
  DeregisterImageCommand,
  DescribeImagesCommand,
  type Image,
  RegisterImageCommand,
} from "@aws-sdk/client-ec2";
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState } from "../provider.ts";
import { type Account, makeOnce, unlessAbsent, untilShown } from "./account.ts";
import { specification } from "./tags.ts";

const states: Record<string, ResourceState> = {
  pending: "pending",
  available: "ready",
  failed: "failed",
  error: "failed",
  invalid: "failed",
};

const rootDevice = "/dev/xvda";

export function openImages(account: Account): NonNullable<Provider["images"]> {
  const { ec2, config } = account;

  async function find(id: string): Promise<Image | undefined> {
    const answer = await unlessAbsent(ec2.send(new DescribeImagesCommand({ ImageIds: [id] })));
    return answer?.Images?.find(({ State }) => State !== "deregistered");
  }

  async function findByName(name: string): Promise<string | undefined> {
    const { Images = [] } = await ec2.send(
      new DescribeImagesCommand({ Owners: ["self"], Filters: [{ Name: "name", Values: [name] }] }),
    );
    return Images[0]?.ImageId;
  }

  return {
    async createImage(options) {
      const { token, snapshotId, firmware } = options;
      if (snapshotId === undefined) {
        throw new MigrationError("cloud.refused", {
          platform: "aws",
          what: "an image of a volume",
          problem: "AWS makes images of snapshots",
        });
      }
      // An AMI's name is unique in its account and region, which makes it the token.
      const id = await makeOnce(
        account,
        () => findByName(token),
        async () => {
          const { ImageId = "" } = await ec2.send(
            new RegisterImageCommand({
              Name: token,
              Description: options.tags.Name,
              // Without it AWS takes i386. Source: EC2 API reference, RegisterImage.
              Architecture: "x86_64",
              VirtualizationType: "hvm",
              EnaSupport: true,
              BootMode: firmware === "uefi" ? "uefi" : "legacy-bios",
              RootDeviceName: rootDevice,
              BlockDeviceMappings: [
                {
                  DeviceName: rootDevice,
                  Ebs: {
                    SnapshotId: snapshotId,
                    VolumeType: config.volume.type,
                    DeleteOnTermination: true,
                  },
                },
              ],
              TagSpecifications: [specification("image", options)],
            }),
          );
          return ImageId;
        },
      );
      await untilShown(account, () => find(id));
      return { id };
    },

    async findImage(id) {
      const image = await find(id);
      if (image === undefined) return undefined;
      const problem = image.StateReason?.Message;
      const state = states[image.State ?? ""] ?? "pending";
      return { id, state, ...(problem === undefined ? {} : { problem }) };
    },

    async deleteImage(id) {
      await unlessAbsent(ec2.send(new DeregisterImageCommand({ ImageId: id })));
    },
  };
}
