import { expect, test } from "vitest";
import { moneyText } from "./prices.ts";

test.each([
  [0, "0.00 CNY"],
  [0.00027, "0.00027 CNY"],
  [0.0999, "0.10 CNY"],
  [0.185, "0.18 CNY"],
  [0.999, "1.00 CNY"],
  [1, "1.00 CNY"],
  [12.345, "12.35 CNY"],
  [1e-30, "0.00000000000000000000 CNY"],
])("%d is written %s", (amount, text) => {
  expect(moneyText({ amount, currency: "CNY" })).toBe(text);
});
