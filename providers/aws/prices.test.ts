import { expect, test } from "vitest";
import { awsConfig } from "./config.ts";
import { pricesOf } from "./prices.ts";

const config = (more: object = {}) =>
  awsConfig.parse({ region: "us-east-1", subnetId: "subnet-0a1b2c3d4e5f60718", ...more });

test("a gateway of the document's costs its instance, its disk of 100 GiB and its address", () => {
  const { gatewayHour, ...rest } = pricesOf(config(), "t3.xlarge");

  expect(gatewayHour).toBeCloseTo(0.1664 + (100 * 0.1) / 730 + 0.005, 10);
  expect(rest).toEqual({ currency: "USD", volumeGibMonth: 0.1 });
  const inside = pricesOf(config({ gateway: { publicAddress: "none" } }), "t3.xlarge");
  expect(inside.gatewayHour).toBeCloseTo(0.1664 + (100 * 0.1) / 730, 10);
});

test("what is not in the list has no price", () => {
  const prices = pricesOf(config({ volume: { type: "io2" } }), "m7i.large");

  expect(prices).toEqual({ currency: "USD", gatewayHour: undefined, volumeGibMonth: undefined });
});
