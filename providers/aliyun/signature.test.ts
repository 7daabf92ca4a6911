import fc from "fast-check";
import { expect, test } from "vitest";
import { authorization, canonicalQuery, emptyBodyHash } from "./signature.ts";

const headers = {
  host: "ecs.cn-shanghai.aliyuncs.com",
  "x-acs-action": "RunInstances",
  "x-acs-content-sha256": emptyBodyHash,
  "x-acs-date": "2023-10-26T10:22:32Z",
  "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
  "x-acs-version": "2014-05-26",
};
const keys = { accessKeyId: "YourAccessKeyId", accessKeySecret: "YourAccessKeySecret" };

test("the worked example of Alibaba Cloud's documentation is signed as it is printed there", () => {
  const query = canonicalQuery({
    RegionId: "cn-shanghai",
    ImageId: "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
  });

  expect(authorization(query, headers, keys)).toBe(
    "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
  );
});

test("whatever a parameter holds arrives as it was, in one order", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string()), (parameters) => {
      const query = canonicalQuery(parameters);

      expect(Object.fromEntries(new URLSearchParams(query))).toEqual(parameters);
      expect(query).toMatch(/^[A-Za-z0-9%&=._~-]*$/);
    }),
  );
});
