/** AMIs by family: what gateways and shells are launched from when no id is given. */
import { DescribeImagesCommand, type Image } from "@aws-sdk/client-ec2";
import { MigrationError } from "#domain/errors.ts";
import {
  chooseGatewayImage,
  findImage,
  type GatewayImage,
  type ImageChoice,
  type ImageWish,
} from "#domain/gateway-images.ts";
import type { Firmware } from "../provider.ts";
import type { Account } from "./account.ts";

/**
 * Who publishes each, and how they call it. Sources: wiki.debian.org/Cloud/AmazonEC2Image;
 * documentation.ubuntu.com/aws, "Find Ubuntu images"; wiki.almalinux.org/cloud/AWS.html;
 * rockylinux.org, "Cloud images"; EC2 user guide, "Amazon Linux 2023".
 */
const published: Record<ImageChoice, { readonly owner: string; readonly name: string }> = {
  "hm-img": { owner: "self", name: "HM_IMG_*" },
  "debian-12": { owner: "136693071363", name: "debian-12-amd64-*" },
  "ubuntu-24.04": {
    owner: "099720109477",
    name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*",
  },
  "ubuntu-22.04": {
    owner: "099720109477",
    name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
  },
  "almalinux-9": { owner: "764336703387", name: "AlmaLinux OS 9.* x86_64-*" },
  "rocky-9": { owner: "792107900819", name: "Rocky-9-EC2-Base-9.*.x86_64-*" },
  al2023: { owner: "137112412989", name: "al2023-ami-2023.*-x86_64" },
};

export interface MachineImage extends GatewayImage {
  readonly rootDevice: string;
  readonly rootGiB: number;
}

/** @throws as `chooseGatewayImage` */
export async function findGatewayImage(account: Account, wish: ImageWish): Promise<MachineImage> {
  return chooseGatewayImage("aws", await listImages(account, wish), wish);
}

/**
 * Whose root a repaired disk will take the place of; instances of it start with that firmware.
 * @throws `cloud.not-found`
 */
export async function findShellImage(account: Account, firmware: Firmware): Promise<MachineImage> {
  const wish = account.config.launch.shell[firmware];
  const images = await listImages(account, wish, firmware);
  const found = typeof wish === "string" ? images[0] : findImage(images, wish);
  if (found !== undefined) return found;
  const id = typeof wish === "string" ? wish : wish.join(", ");
  throw new MigrationError("cloud.not-found", { platform: "aws", what: `${firmware} image`, id });
}

/** @throws `cloud.not-found` */
export async function getMachineImage(account: Account, id: string): Promise<MachineImage> {
  const [image] = await listImages(account, id);
  if (image !== undefined) return image;
  throw new MigrationError("cloud.not-found", { platform: "aws", what: "image", id });
}

async function listImages(
  { ec2 }: Account,
  wish: ImageWish,
  firmware?: Firmware,
): Promise<MachineImage[]> {
  if (typeof wish === "string") {
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ ImageIds: [wish] }));
    return Images.flatMap((image) => shown(image, "other"));
  }
  const families = wish.map((choice) => published[choice]);
  const { Images = [] } = await ec2.send(
    new DescribeImagesCommand({
      Owners: [...new Set(families.map(({ owner }) => owner))],
      Filters: [
        { Name: "name", Values: families.map(({ name }) => name) },
        { Name: "state", Values: ["available"] },
        { Name: "architecture", Values: ["x86_64"] },
      ],
    }),
  );
  return Images.filter((image) => starts(image, firmware)).flatMap((image) => shown(image, "self"));
}

/** Without a boot mode of its own an AMI starts by BIOS on Intel and AMD. Source: EC2 user guide, "Boot modes". */
function starts({ BootMode }: Image, firmware: Firmware | undefined): boolean {
  if (firmware === undefined) return true;
  const uefi = BootMode === "uefi" || BootMode === "uefi-preferred";
  return firmware === "uefi" ? uefi : !uefi;
}

const publishers = new Set(Object.values(published).map(({ owner }) => owner));

function shown(image: Image, unlessPublished: "self" | "other"): MachineImage[] {
  const { ImageId: id, Name: name = "", RootDeviceName: rootDevice, OwnerId = "" } = image;
  const { CreationDate: createdAt, BlockDeviceMappings = [] } = image;
  const root = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === rootDevice);
  if (id === undefined || rootDevice === undefined) return [];
  return [
    {
      ...{ id, name, rootDevice, rootGiB: root?.Ebs?.VolumeSize ?? 8 },
      ...(createdAt === undefined ? {} : { createdAt }),
      owner: publishers.has(OwnerId) ? "platform" : unlessPublished,
    },
  ];
}
