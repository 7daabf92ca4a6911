/**
 * Which image a gateway is made from (docs/decisions/0011-gateway-images.md).
 *
 * The document names CentOS 7.5, which ended in 2024 and can't run today's Node
 * . So a public image is one of a list of families, looked for in order; the standalone edition's
 * is the custom image `HM_IMG_<date>.qcow2`. An image's id may be given instead.
 *
 * A provider lists what its cloud has, its own images and public ones published by the platform, and
 * lets `chooseGatewayImage` choose.
 */
import { z } from "zod";
import { MigrationError } from "./errors.ts";
import type { Edition } from "./gateway-defaults.ts";
import type { Platform } from "./platform.ts";

/** All run today's Node (glibc 2.28 or later) and come with cloud-init on the clouds that offer them. */
export const imageFamilies = [
  "debian-12",
  "ubuntu-24.04",
  "ubuntu-22.04",
  "almalinux-9",
  "rocky-9",
  "al2023",
] as const;
export type ImageFamily = (typeof imageFamilies)[number];

/** `hm-img`: the standalone edition's own. */
const imageChoice = z.enum(["hm-img", ...imageFamilies]);

/** A target's setting for its gateways' image: choices of which the first there is one of is taken, or an id. */
export const imageWish = z.union([
  imageChoice.transform((choice) => [choice]),
  z.array(imageChoice).min(1),
  z.string().min(1),
]);
export type ImageChoice = z.output<typeof imageChoice>;
export type ImageWish = string | readonly ImageChoice[];

/** Tested most: the gateway's tests run on Debian. */
const publicFamilies = [
  ...["debian-12", "ubuntu-24.04", "ubuntu-22.04"],
  ...["almalinux-9", "rocky-9"],
] as const satisfies readonly ImageFamily[];

const byEdition = { saas: publicFamilies, standalone: ["hm-img"] } as const;
const publicAlways = { saas: publicFamilies, standalone: publicFamilies } as const;

/** What is looked for where the target's settings don't say. */
const wishes: Readonly<Record<Platform, Readonly<Record<Edition, readonly ImageChoice[]>>>> = {
  /** */
  aliyun: byEdition,
  /** no edition makes a difference. */
  aws: { saas: [...publicFamilies, "al2023"], standalone: [...publicFamilies, "al2023"] },
  /** */
  azure: publicAlways,
  /** */
  tencent: byEdition,
  /** */
  huawei: byEdition,
  /** */
  kingsoft: byEdition,
  /** S-01: a private cloud has no public images but those its people have put there. */
  openstack: byEdition,
  /** S-02. */
  qingcloud: publicAlways,
  /** S-03. */
  ctyun: publicAlways,
  /** S-04. */
  ucloud: byEdition,
  /** S-05. */
  zstack: byEdition,
  local: publicAlways,
};

export function defaultImageWish(platform: Platform, edition: Edition): readonly ImageChoice[] {
  return wishes[platform][edition];
}

/** An image as a cloud lists it: one that is ready, for x86_64. */
export interface GatewayImage {
  readonly id: string;
  /** As the cloud shows it; the system and its version are read from it. */
  readonly name: string;
  /** ISO 8601; what a cloud does not date counts as oldest. */
  readonly createdAt?: string;
  /** `platform`: published by it or by the distribution itself. `other`: shared with the account, or a market's. */
  readonly owner: "self" | "platform" | "other";
}

/**
 * The image a wish means: the given id, or the newest of the first choice there is one of. What others
 * share with the account is taken by its id only: anyone can share an image, by any name.
 *
 * @throws `cloud.not-found` for an id that is not listed; `gateway.image-missing` where the standalone
 *   edition's image is not there yet; `gateway.no-image` where no family is; `gateway.image-refused`
 *   for a given image whose name tells that no gateway can run on it
 */
export function chooseGatewayImage<T extends GatewayImage>(
  platform: Platform,
  images: readonly T[],
  wish: ImageWish,
): T {
  if (typeof wish === "string") return given(platform, images, wish);
  const found = findImage(images, wish);
  if (found !== undefined) return found;
  const choices = wish.join(", ");
  if (wish.includes("hm-img")) throw new MigrationError("gateway.image-missing", { platform });
  throw new MigrationError("gateway.no-image", { platform, choices });
}

/** The newest of the first choice there is one of. */
export function findImage<T extends GatewayImage>(
  images: readonly T[],
  choices: readonly ImageChoice[],
): T | undefined {
  for (const choice of choices) {
    const found = choice === "hm-img" ? newestOfOurs(images) : newestOf(choice, images);
    if (found !== undefined) return found;
  }
  return undefined;
}

function given<T extends GatewayImage>(platform: Platform, images: readonly T[], id: string): T {
  const image = images.find((each) => each.id === id);
  if (image === undefined) {
    throw new MigrationError("cloud.not-found", { platform, what: "image", id });
  }
  const problem = problemOf(platform, image.name);
  if (problem === undefined) return image;
  throw new MigrationError("gateway.image-refused", { platform, image: image.name, problem });
}

/** `HM_IMG_20260131.qcow2`; clouds that import it may drop the ending. */
const oursPattern = /^HM_IMG_(\d{4})-?(\d{2})-?(\d{2})(?:\.qcow2)?$/i;

function newestOfOurs<T extends GatewayImage>(images: readonly T[]): T | undefined {
  const dated = images.flatMap((image) => {
    const date = oursPattern.exec(image.name)?.slice(1).join("");
    return date === undefined || image.owner !== "self" ? [] : [{ image, date }];
  });
  return dated.sort((a, b) => descending(a.date, b.date) || newestFirst(a.image, b.image))[0]
    ?.image;
}

function newestOf<T extends GatewayImage>(
  family: ImageFamily,
  images: readonly T[],
): T | undefined {
  return images
    .flatMap((image) => {
      const system = systemOf(image.name);
      return image.owner === "platform" && system?.family === family ? [{ image, system }] : [];
    })
    .sort((a, b) => b.system.minor - a.system.minor || newestFirst(a.image, b.image))[0]?.image;
}

function newestFirst(a: GatewayImage, b: GatewayImage): number {
  return descending(a.createdAt ?? "", b.createdAt ?? "") || descending(b.id, a.id);
}

function descending(a: string, b: string): number {
  if (a === b) return 0;
  return a > b ? -1 : 1;
}

interface System {
  readonly distribution: string;
  readonly major: number;
  /** -1 where the name has none. */
  readonly minor: number;
  readonly family: ImageFamily | undefined;
}

/** How clouds write them, after `plainName`; `least` is the first release whose C library runs today's Node. */
const distributions = [
  { distribution: "debian", written: "debian", least: 10 },
  { distribution: "ubuntu", written: "ubuntu", least: 20 },
  { distribution: "almalinux", written: "alma ?linux(?: os)?", least: 8 },
  { distribution: "rocky", written: "rocky(?: ?linux)?", least: 8 },
  { distribution: "centos", written: "centos(?: stream)?", least: 8 },
  { distribution: "rhel", written: "rhel|red ?hat(?: enterprise linux)?", least: 8 },
  { distribution: "al", written: "al|amazon linux", least: 2023 },
].map(({ written, ...rest }) => {
  const between = "(?: (?:gnu|linux|server|bookworm|noble|jammy))*";
  const version = String.raw`(\d+)(?:[. ](\d{1,2})(?!\d))?(?!\d)`;
  return { ...rest, pattern: new RegExp(`\\b(?:${written})${between} ?${version}`) };
});

/** Made for something else than to be a plain server, or for another processor. */
const unfitPattern = /\b(arm|arm64|aarch64|gpu|cuda|docker|container|desktop|32位|32bit|i386)\b/;

/**
 * Read from names such as `debian_12_8_x64_20G_alibase_20241118.vhd`, `Ubuntu Server 22.04 LTS 64bit`,
 * `Rocky-9-GenericCloud-Base`, `Canonical:ubuntu-24_04-lts:server`, `AlmaLinux 9.4 64位`.
 */
function systemOf(name: string): System | undefined {
  const plain = plainName(name);
  if (unfitPattern.test(plain)) return undefined;
  for (const { distribution, pattern } of distributions) {
    const [, major, minor] = pattern.exec(plain) ?? [];
    if (major === undefined) continue;
    const names = [
      `${distribution}-${major}`,
      `${distribution}-${major}.${minor}`,
      distribution + major,
    ];
    return {
      distribution,
      major: Number(major),
      minor: Number(minor ?? -1),
      family: imageFamilies.find((family) => names.includes(family)),
    };
  }
  return undefined;
}

/** Words and versions with one space between them. */
function plainName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/x86[_-]64|amd64|x64/g, " ")
    .replaceAll(/[^\p{L}\d.]+/gu, " ");
}

function problemOf(platform: Platform, name: string): string | undefined {
  const system = systemOf(name);
  if (system === undefined) return undefined;
  const { distribution, major, minor } = system;
  if (platform === "zstack" && distribution === "centos" && major === 7 && [1, 2].includes(minor)) {
    return "on ZStack CentOS 7.1 and 7.2 do not find the paths of disks";
  }
  const least = distributions.find((each) => each.distribution === distribution)?.least ?? 0;
  return major < least ? "its C library is too old for Node" : undefined;
}
