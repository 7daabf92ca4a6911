import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalQuery, encode, signatureOf } from "./signature.ts";

/** Source: QingCloud API, "Signature", the worked example, which is a GET. */
const example = {
  access_key_id: "QYACCESSKEYIDEXAMPLE",
  action: "RunInstances",
  count: "1",
  image_id: "centos64x86a",
  instance_name: "demo",
  instance_type: "small_b",
  login_mode: "passwd",
  login_passwd: "QingCloud20130712",
  signature_method: "HmacSHA256",
  signature_version: "1",
  time_stamp: "2013-08-27T14:30:10Z",
  version: "1",
  "vxnets.1": "vxnet-0",
  zone: "pek3a",
};

test("the worked example of QingCloud's documentation is signed as it is printed there", () => {
  const query = canonicalQuery(example);
  const request = { method: "GET" as const, path: "/iaas/", query };

  const signature = encode(signatureOf(request, "SECRETACCESSKEY"));

  expect(query).toContain("time_stamp=2013-08-27T14%3A30%3A10Z&version=1&vxnets.1=vxnet-0");
  expect(signature).toBe("byjccvWIvAftaq%2BoublemagH3bYAlDWxxLFAzAsyslw%3D");
});

test("the verb is signed too: a form's signature is not the address's", () => {
  const query = canonicalQuery(example);
  const signatures = (["GET", "POST"] as const).map((method) =>
    signatureOf({ method, path: "/iaas/", query }, "SECRETACCESSKEY"),
  );

  expect(new Set(signatures).size).toBe(2);
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
