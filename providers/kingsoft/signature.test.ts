import fc from "fast-check";
import { expect, test } from "vitest";
import { authorization, canonicalQuery, dateOf } from "./signature.ts";

const signatureIn = (header: string) => /Signature=([0-9a-f]{64})$/.exec(header)?.[1];

/**
 * Kingsoft Cloud prints no vector of its own for this signature; its Go SDK signs with AWS's signer, so that
 * AWS's are what it must be: aws-sig-v4-test-suite, get-vanilla, post-vanilla and post-x-www-form-urlencoded.
 */
test.each([
  ["GET", undefined, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
  ["POST", undefined, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
  [
    ...["POST", "application/x-www-form-urlencoded", "Param1=value1"],
    "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  ],
] as const)(
  "%s with %s of AWS's own test suite has the signature AWS says",
  (method, type, body, published) => {
    const header = authorization(
      {
        ...{ method, host: "example.amazonaws.com", query: "", body, date: "20150830T123600Z" },
        ...(type === undefined ? {} : { contentType: type }),
      },
      { region: "us-east-1", service: "service" },
      { accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
    );

    expect(signatureIn(header)).toBe(published);
  },
);

/** Made with an independent implementation, for want of a published one. */
test("a query of Kingsoft's own is signed as botocore signs it", () => {
  const header = authorization(
    {
      method: "GET",
      host: "kec.api.ksyun.com",
      query: canonicalQuery({ Version: "2016-03-04", Action: "DescribeRegions" }),
      body: "",
      date: "20250701T080000Z",
    },
    { region: "cn-beijing-6", service: "kec" },
    { accessKey: "AKTEST", secretKey: "SKTEST" },
  );

  expect(header).toBe(
    "AWS4-HMAC-SHA256 Credential=AKTEST/20250701/cn-beijing-6/kec/aws4_request, SignedHeaders=host;x-amz-date, Signature=e7057a143b4d67b4f9d789f2e07449db6cee760c57e6bb2703845374fd4a651a",
  );
});

test("the date that is signed is UTC with a Z", () => {
  expect(dateOf(new Date("2026-01-05T16:00:00.123+08:00"))).toBe("20260105T080000Z");
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
