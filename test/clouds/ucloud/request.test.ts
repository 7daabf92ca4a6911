import { expect, test } from "vitest";
import { signatureOf } from "./request.ts";

test("the fake signs the worked example of UCloud's documentation as it is printed there", () => {
  const form = new Map([
    ["Limit", "10"],
    ["Action", "DescribeUHostInstance"],
    ["Region", "cn-bj2"],
    ["Signature", "left out"],
    ["PublicKey", "ucloudsomeone@example.com1296235120854146120"],
  ]);

  expect(signatureOf(form, "46f09bb9fab4f12dfc160dae12273d5332b5debe")).toBe(
    "cba5cf5ec4d4233d206b1b54951e3787350a642f",
  );
});
