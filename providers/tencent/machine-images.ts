/** What gateways are launched from: an image by its id, or the newest public one of a family. */
import type { Image as CvmImage } from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_models.js";
import { MigrationError } from "#domain/errors.ts";
import type { Account } from "./account.ts";
import { listAll } from "./client.ts";
import type { imageFamilies, TencentConfig } from "./config.ts";
import { findCvmImage } from "./images.ts";

interface Family {
  readonly platform: string;
  /** Of its OsName, such as "Debian 12.0 64bit" or "TencentOS Server 3.1 (TK4)". */
  readonly osName: RegExp;
}

/** All run today's Node (glibc 2.28 or later). Source: CVM user guide, "Public images". */
const families: Record<(typeof imageFamilies)[number], Family> = {
  "debian-12": { platform: "Debian", osName: /^Debian\D*12\b/ },
  "ubuntu-24.04": { platform: "Ubuntu", osName: /^Ubuntu\D*24\.04\b/ },
  "ubuntu-22.04": { platform: "Ubuntu", osName: /^Ubuntu\D*22\.04\b/ },
  "tencentos-4": { platform: "TencentOS", osName: /^TencentOS Server 4\b/ },
  "tencentos-3": { platform: "TencentOS", osName: /^TencentOS Server 3\b/ },
};

export interface MachineImage {
  readonly id: string;
  readonly sizeGiB: number;
  /** One of Tencent's own: it has no login of ours to keep. */
  readonly isPublic: boolean;
}

/** @throws `cloud.not-found` when there is none that takes user data */
export async function findMachineImage(
  account: Account,
  wanted: TencentConfig["gateway"]["image"],
): Promise<MachineImage> {
  if (typeof wanted === "string") return shown(await findCvmImage(account, wanted), wanted);
  for (const family of wanted) {
    const { platform, osName } = families[family];
    const Filters = [
      { Name: "image-type", Values: ["PUBLIC_IMAGE"] },
      { Name: "platform", Values: [platform] },
    ];
    const found = await listAll(
      async (page) => (await account.cvm.DescribeImages({ Filters, ...page })).ImageSet,
    );
    const [newest] = found
      .filter((image) => runsGateways(image) && osName.test(image.OsName ?? ""))
      .sort((a, b) => (b.CreatedTime ?? "").localeCompare(a.CreatedTime ?? ""));
    if (newest !== undefined) return shown(newest, family);
  }
  throw notThere(wanted.join(", "));
}

/** Images for graphics cards carry their drivers' name, and are of no use here. */
function runsGateways(image: CvmImage): boolean {
  return (
    image.Architecture === "x86_64" &&
    image.ImageState === "NORMAL" &&
    image.IsSupportCloudinit === true &&
    image.ImageDeprecated !== true &&
    !/gpu|driver|cuda/i.test(image.ImageName ?? "")
  );
}

function shown(image: CvmImage | undefined, asked: string): MachineImage {
  if (image?.ImageId === undefined) throw notThere(asked);
  return {
    id: image.ImageId,
    sizeGiB: image.ImageSize ?? 0,
    isPublic: image.ImageType === "PUBLIC_IMAGE",
  };
}

const notThere = (id: string) =>
  new MigrationError("cloud.not-found", { platform: "tencent", what: "image", id });
