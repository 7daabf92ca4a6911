/** AMIs by family: what gateways and shells are launched from when no id is given. */
import { DescribeImagesCommand, type Image } from "@aws-sdk/client-ec2";
import { MigrationError } from "#domain/errors.ts";
import type { Firmware } from "../provider.ts";
import type { Account } from "./account.ts";
import type { AwsConfig, imageFamilies } from "./config.ts";

interface Family {
  /** Account that publishes it. */
  readonly owner: string;
  readonly name: string;
}

/**
 * All run today's Node (glibc 2.28 or later) and have cloud-init. Sources: wiki.debian.org/Cloud/AmazonEC2Image;
 * documentation.ubuntu.com/aws, "Find Ubuntu images"; EC2 user guide, "Amazon Linux 2023".
 */
const families: Record<(typeof imageFamilies)[number], Family> = {
  "debian-12": { owner: "136693071363", name: "debian-12-amd64-*" },
  "ubuntu-24.04": {
    owner: "099720109477",
    name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*",
  },
  "ubuntu-22.04": {
    owner: "099720109477",
    name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
  },
  al2023: { owner: "137112412989", name: "al2023-ami-2023.*-x86_64" },
};

export interface MachineImage {
  readonly id: string;
  readonly rootDevice: string;
  readonly rootGiB: number;
}

/** @throws `cloud.not-found` when there is none whose instances start with that firmware */
export async function findMachineImage(
  { ec2 }: Account,
  wanted: AwsConfig["gateway"]["image"],
  firmware?: Firmware,
): Promise<MachineImage> {
  if (typeof wanted === "string") {
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ ImageIds: [wanted] }));
    return shown(Images[0], wanted);
  }
  for (const family of wanted) {
    const { owner, name } = families[family];
    const { Images = [] } = await ec2.send(
      new DescribeImagesCommand({
        Owners: [owner],
        Filters: [
          { Name: "name", Values: [name] },
          { Name: "state", Values: ["available"] },
          { Name: "architecture", Values: ["x86_64"] },
        ],
      }),
    );
    const [newest] = Images.filter((image) => starts(image, firmware)).sort((a, b) =>
      (b.CreationDate ?? "").localeCompare(a.CreationDate ?? ""),
    );
    if (newest !== undefined) return shown(newest, family);
  }
  throw new MigrationError("cloud.not-found", {
    platform: "aws",
    what: firmware === undefined ? "image of" : `${firmware} image of`,
    id: wanted.join(", "),
  });
}

/** Without a boot mode of its own an AMI starts by BIOS on Intel and AMD. Source: EC2 user guide, "Boot modes". */
function starts({ BootMode }: Image, firmware: Firmware | undefined): boolean {
  if (firmware === undefined) return true;
  const uefi = BootMode === "uefi" || BootMode === "uefi-preferred";
  return firmware === "uefi" ? uefi : !uefi;
}

function shown(image: Image | undefined, asked: string): MachineImage {
  const { ImageId, RootDeviceName, BlockDeviceMappings = [] } = image ?? {};
  const root = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === RootDeviceName);
  if (ImageId === undefined || RootDeviceName === undefined) {
    throw new MigrationError("cloud.not-found", { platform: "aws", what: "image", id: asked });
  }
  return { id: ImageId, rootDevice: RootDeviceName, rootGiB: root?.Ebs?.VolumeSize ?? 8 };
}
