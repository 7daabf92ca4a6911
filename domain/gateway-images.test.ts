import fc from "fast-check";
import { expect, test } from "vitest";
import {
  chooseGatewayImage,
  defaultImageWish,
  type GatewayImage,
  type ImageFamily,
  imageFamilies,
  imageWish,
} from "./gateway-images.ts";
import { type Platform, platforms } from "./platform.ts";

let made = 0;
const image = (name: string, more: Partial<GatewayImage> = {}): GatewayImage => {
  made += 1;
  return { id: `img-${made}`, name, owner: "platform", ...more };
};
const ours = (name: string, more: Partial<GatewayImage> = {}) =>
  image(name, { owner: "self", ...more });

test.each([
  ["debian_12_8_x64_20G_alibase_20241118.vhd", "debian-12"],
  ["Debian  12.8 64位", "debian-12"],
  ["debian-12-amd64-20261001-2", "debian-12"],
  ["debian-12-genericcloud-amd64.qcow2", "debian-12"],
  ["Debian:debian-12:12-gen2", "debian-12"],
  ["Debian Bookworm 12 64bit", "debian-12"],
  ["Ubuntu Server 22.04 LTS 64bit", "ubuntu-22.04"],
  ["ubuntu_22_04_x64_20G_alibase_20241016.vhd", "ubuntu-22.04"],
  ["Ubuntu 24.04 server 64bit", "ubuntu-24.04"],
  ["Canonical:ubuntu-24_04-lts:server", "ubuntu-24.04"],
  ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261001", "ubuntu-24.04"],
  ["AlmaLinux 9.4 64bit", "almalinux-9"],
  ["almalinux_9_4_x64_20G_alibase_20240715.vhd", "almalinux-9"],
  ["almalinux:almalinux-x86_64:9-gen2", "almalinux-9"],
  ["Rocky Linux 9.4 64位", "rocky-9"],
  ["Rocky-9-GenericCloud-Base-9.4-20240609.0.x86_64.qcow2", "rocky-9"],
  ["rockylinux_9_4_x64_20G_alibase_20240717.vhd", "rocky-9"],
  ["resf:rockylinux-x86_64:9-base", "rocky-9"],
  ["al2023-ami-2023.6.20241010.0-kernel-6.1-x86_64", "al2023"],
] as const)("%s is known as %s", (name, family) => {
  const found = image(name);

  for (const each of imageFamilies) {
    const choose = () => chooseGatewayImage("aliyun", [found], [each]);
    if (each === family) expect(choose()).toBe(found);
    else expect(choose).toThrowError(expect.objectContaining({ code: "gateway.no-image" }));
  }
});

test.each([
  "debian_11_11_x64_20G_alibase_20241118.vhd",
  "Debian 120",
  "Ubuntu Server 20.04 LTS 64bit",
  "Ubuntu 22.10 64bit",
  "AlmaLinux 8.10 64bit",
  "Rocky Linux 10.0 64bit",
  "CentOS 7.5 64bit",
  "debian_12_8_arm64_20G_alibase_20241118.vhd",
  "Ubuntu Server 22.04 LTS 64bit (GPU driver, CUDA 12)",
  "Windows Server 2022",
  "HM_IMG_20260131.qcow2",
  "",
])("%j is none of the systems a gateway is made from", (name) => {
  expect(() => chooseGatewayImage("tencent", [image(name)], [...imageFamilies])).toThrowError(
    expect.objectContaining({
      code: "gateway.no-image",
      message: expect.stringContaining("debian-12, ubuntu-24.04"),
      hint: expect.stringContaining("--set gateway.image=<id>"),
    }),
  );
});

test("the first family there is one of is taken, of it the newest release, of that the newest image", () => {
  const old = image("AlmaLinux 9.2 64bit", { createdAt: "2026-06-01T00:00:00Z" });
  const newer = image("AlmaLinux 9.10 64bit", { createdAt: "2026-01-01T00:00:00Z" });
  const newest = image("AlmaLinux 9.10 64bit", { createdAt: "2026-02-01T00:00:00Z" });
  const rocky = image("Rocky Linux 9.12 64bit", { createdAt: "2026-09-01T00:00:00Z" });

  const found = chooseGatewayImage(
    "huawei",
    [rocky, old, newest, newer],
    ["debian-12", "almalinux-9", "rocky-9"],
  );

  expect(found).toBe(newest);
});

test("the order in which a cloud lists its images makes no difference", () => {
  const names = ["Debian 12.5", "Debian 12.8", "Debian 12", "Ubuntu 24.04", "HM_IMG_20260101"];
  const listed = fc.array(
    fc.record({
      id: fc.stringMatching(/^[a-z]{1,3}$/),
      name: fc.constantFrom(...names),
      createdAt: fc.constantFrom("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
      owner: fc.constantFrom("self", "platform", "other"),
    }),
    { minLength: 1 },
  );
  const choose = (images: readonly GatewayImage[]) => {
    try {
      return chooseGatewayImage("aliyun", images, ["hm-img", "debian-12"]).id;
    } catch {
      return undefined;
    }
  };

  fc.assert(
    fc.property(listed, (images) => {
      expect(choose([...images].reverse())).toBe(choose(images));
    }),
  );
});

test("the standalone edition takes its own image, the newest date first (R-006, R-008)", () => {
  const older = ours("HM_IMG_20251231.qcow2", { createdAt: "2026-05-01T00:00:00Z" });
  const newest = ours("HM_IMG_20260131.qcow2", { createdAt: "2026-04-01T00:00:00Z" });
  const debian = image("Debian 12.8 64bit");

  const found = chooseGatewayImage(
    "aliyun",
    [older, debian, newest],
    defaultImageWish("aliyun", "standalone"),
  );

  expect(found).toBe(newest);
});

test.each(["HM_IMG_20260131", "hm_img_20260131.qcow2", "HM_IMG_2026-01-31.qcow2"])(
  "%s is the standalone edition's image too, as clouds write it (R-008)",
  (name) => {
    const found = ours(name);

    expect(chooseGatewayImage("ucloud", [found], ["hm-img"])).toBe(found);
  },
);

test("an image of that name which another account shares is not taken by its name, by its id it is (R-009)", () => {
  const shared = image("HM_IMG_20260131.qcow2", { owner: "other" });

  expect(() => chooseGatewayImage("tencent", [shared], ["hm-img"])).toThrowError(
    expect.objectContaining({ code: "gateway.image-missing" }),
  );
  expect(chooseGatewayImage("tencent", [shared], shared.id)).toBe(shared);
});

test.each(["aliyun", "tencent"] as const)(
  "where the standalone edition's image is not there yet on %s, what to do is said (R-009, R-069)",
  (platform) => {
    const wish = defaultImageWish(platform, "standalone");

    const choose = () => chooseGatewayImage(platform, [image("Debian 12.8 64bit")], wish);

    expect(choose).toThrowError(
      expect.objectContaining({
        code: "gateway.image-missing",
        message: `${platform} has no image HM_IMG_<date>.qcow2 to make the gateway from`,
        hint: expect.stringMatching(
          /Import it as a custom image.*ask the implementation engineers.*gateway.image=debian-12/,
        ),
      }),
    );
  },
);

test.each<[Platform, string]>([
  ["aliyun", "R-024"],
  ["tencent", "R-065"],
  ["huawei", "R-082"],
  ["kingsoft", "R-101"],
  ["ucloud", "S-04"],
  ["zstack", "S-05"],
])("on %s the edition decides about the image (R-006 to R-008, %s)", (platform) => {
  const custom = ours("HM_IMG_20260131.qcow2");
  const debian = image("Debian 12.8 64bit");
  const chosen = (edition: "saas" | "standalone") =>
    chooseGatewayImage(platform, [debian, custom], defaultImageWish(platform, edition));

  expect(chosen("saas")).toBe(debian);
  expect(chosen("standalone")).toBe(custom);
});

test.each<[Platform, string]>([
  ["aws", "R-162"],
  ["azure", "R-049"],
  ["qingcloud", "S-02"],
  ["ctyun", "S-03"],
])("on %s both editions take a public image (X-12, %s)", (platform) => {
  expect(defaultImageWish(platform, "standalone")).toEqual(defaultImageWish(platform, "saas"));
  expect(defaultImageWish(platform, "saas")).not.toContain("hm-img");
});

test.each([
  "CentOS 7.5 64bit",
  "centos_7_9_x64_20G_alibase.vhd",
  "Ubuntu Server 18.04 LTS",
  "Debian 9",
])("a gateway is not made from %s: today's Node does not run there (X-12)", (name) => {
  const old = image(name);

  expect(() => chooseGatewayImage("aws", [old], old.id)).toThrowError(
    expect.objectContaining({
      code: "gateway.image-refused",
      message: expect.stringContaining("too old for Node"),
      hint: expect.stringContaining("Debian 12"),
    }),
  );
});

test.each(["CentOS 7.1", "CentOS-7.2-x86_64"])(
  "on ZStack a gateway is not made from %s, which does not find its disks (R-219)",
  (name) => {
    const old = image(name);

    expect(() => chooseGatewayImage("zstack", [old], old.id)).toThrowError(
      expect.objectContaining({
        code: "gateway.image-refused",
        message: expect.stringContaining("do not find the paths of disks"),
      }),
    );
  },
);

test("an image whose name tells nothing is taken by its id, whoever owns it", () => {
  const mine = ours("golden-base");

  expect(chooseGatewayImage("azure", [image("Debian 12"), mine], mine.id)).toBe(mine);
});

test("an id that is not there is not replaced by another image", () => {
  expect(() => chooseGatewayImage("aliyun", [image("Debian 12")], "m-gone")).toThrowError(
    expect.objectContaining({ code: "cloud.not-found" }),
  );
});

test("the setting is one family, several in order, or an id", () => {
  const family: ImageFamily = "rocky-9";

  expect(imageWish.parse(family)).toEqual([family]);
  expect(imageWish.parse(["hm-img", family])).toEqual(["hm-img", family]);
  expect(imageWish.parse("m-bp1abc")).toBe("m-bp1abc");
  expect(imageWish.safeParse([]).success).toBe(false);
  expect(imageWish.safeParse(["centos-7"]).success).toBe(false);
});

test("every platform looks for an image in both editions", () => {
  for (const platform of platforms) {
    expect(defaultImageWish(platform, "saas").length).toBeGreaterThan(0);
    expect(defaultImageWish(platform, "standalone").length).toBeGreaterThan(0);
  }
});
