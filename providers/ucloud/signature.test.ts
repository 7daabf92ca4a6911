import fc from "fast-check";
import { expect, test } from "vitest";
import { numbered } from "../numbered-parameters.ts";
import { sign } from "./signature.ts";

const publicKey = "ucloudsomeone@example.com1296235120854146120";
const privateKey = "46f09bb9fab4f12dfc160dae12273d5332b5debe";

test("the worked example of UCloud's documentation is signed as it is printed there", () => {
  const parameters = numbered(
    {
      Action: "DescribeUHostInstance",
      Limit: 10,
      PublicKey: publicKey,
      Region: "cn-bj2",
    },
    0,
  );

  expect(sign(parameters, privateKey)).toBe("cba5cf5ec4d4233d206b1b54951e3787350a642f");
});

// Source: ucloud-sdk-go, ucloud/auth/credential_test.go, "standard", "longArray" and "STSCredential".
const host = {
  Action: "CreateUHostInstance",
  CPU: 2,
  ChargeType: "Month",
  DiskSpace: 10,
  ImageId: "f43736e1-65a5-4bea-ad2e-8a46e18883c2",
  LoginMode: "Password",
  Memory: 2048,
  Name: "Host01",
  Password: "VUNsb3VkLmNu",
  PublicKey: publicKey,
  Quantity: 1,
  Region: "cn-bj2",
  Zone: "cn-bj2-04",
};
const backends = ["foo", "bar", 42, "foo", "bar", 42, "foo", "bar", 42, "foo", "bar", 42];

test.each([
  ["a host's order", host, "4f9ef5df2abab2c6fccd1e9515cb7e2df8c6bb65"],
  [
    "a list of more than ten, sorted as text",
    { Action: "AllocateBackendBatch", Backends: backends, PublicKey: publicKey },
    "6bc32642779f8cb0bb3d3f128b1c0688abf9a1a3",
  ],
  [
    "an order with a temporary key's token",
    { ...host, SecurityToken: "some_stoken" },
    "170c480ad176a247b324eb92a2cfe536aacfbd04",
  ],
])("%s is signed as by UCloud's own client", (_, parameters, expected) => {
  expect(sign(numbered(parameters, 0), privateKey)).toBe(expected);
});

test("the order in which parameters are given does not matter, and each of them does", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { minKeys: 1 }),
      (parameters) => {
        const turned = Object.fromEntries(Object.entries(parameters).reverse());
        const [name = ""] = Object.keys(parameters);
        const changed = { ...parameters, [name]: `${parameters[name]}x` };

        const signature = sign(parameters, privateKey);

        expect(sign(turned, privateKey)).toBe(signature);
        expect(sign(changed, privateKey)).not.toBe(signature);
      },
    ),
  );
});
