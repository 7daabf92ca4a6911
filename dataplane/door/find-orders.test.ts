import { expect, test } from "vitest";
import { parseOrders } from "./find-orders.ts";

const orders = {
  hyperdoor: 1,
  url: "https://192.0.2.1:18766/v1/hyperdoor",
  consoleFingerprint: "ab".repeat(32),
  code: "c".repeat(43),
  volumeBytes: 1 << 30,
  diskBytes: 1 << 29,
  sshKeys: ["ssh-ed25519 AAAA someone"],
};
const line = JSON.stringify(orders);

test("orders are found among other user data, as one line", () => {
  expect(parseOrders(line)).toEqual(orders);
  expect(parseOrders(`#cloud-config\n{"other": 1}\n ${line}\nmore`)).toEqual(orders);
});

test.each([
  ["nothing", ""],
  ["a script", "#!/bin/sh\nexit 0"],
  ["JSON of another kind", '{"hyperdoor":2}'],
  ["half an order", line.slice(0, 80)],
])("%s is no order", (_, text) => {
  expect(parseOrders(text)).toBeUndefined();
});
