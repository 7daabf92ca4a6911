import { once } from "node:events";
import { createServer as createProxy } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeAzure, startFakeAzure } from "#test/clouds/azure/fake-azure.ts";
import type { Prices } from "../provider.ts";
import { openProvider } from "../registry.ts";

let azure: FakeAzure;
beforeEach(async () => {
  azure = await startFakeAzure();
});
afterEach(() => azure.close());

async function prices(settings: object = {}, gatewayType?: string): Promise<Prices | undefined> {
  const { config, credentials: secrets } = azure.target;
  const options = { config: { ...config, ...settings }, secrets, consoleId: "c" };
  const provider = await openProvider("azure", options);
  return provider.prices?.(gatewayType === undefined ? {} : { gatewayType });
}

/** Of the fake's tariff. */
const hour = (vcpus: number, gib: number) => vcpus * 0.04 + gib * 0.005;
const asked = () => azure.calls.made.filter(({ action }) => action === "LIST prices").length;

test("a gateway costs what Linux on demand does on an F4, and a standard SSD of the size that holds its 100 GiB", async () => {
  const found = await prices();

  expect(found?.currency).toBe("USD");
  expect(found?.gatewayHour).toBeCloseTo(hour(4, 8) + (128 * 0.075) / 730, 10);
  // A replica of 100 GiB is paid for as one of 128.
  expect(found?.volumeGibMonth).toBeCloseTo((128 * 0.075) / 100, 10);
  // Two pages of the size, more of the disks.
  expect(asked()).toBeGreaterThan(4);
});

test("another size, and another size of its disk, are told as they are made", async () => {
  const found = await prices({ gateway: { diskGiB: 200 } }, "Standard_D8s_v5");
  const configured = await prices({ gateway: { instanceType: "Standard_D4s_v5" } });

  expect(found?.gatewayHour).toBeCloseTo(hour(8, 32) + (256 * 0.075) / 730, 10);
  expect(configured?.gatewayHour).toBeCloseTo(hour(4, 16) + (128 * 0.075) / 730, 10);
});

test.each([
  ["Standard_LRS", 0.05],
  ["StandardSSD_ZRS", 0.075 * 1.5],
  ["Premium_LRS", 0.15],
  ["Premium_ZRS", 0.15 * 1.5],
])(
  "volumes and gateways' disks of the type %s are told by its own meters",
  async (type, gibMonth) => {
    const found = await prices({ volume: { type } }, "Standard_F4s_v2");

    expect(found?.volumeGibMonth).toBeCloseTo((128 * gibMonth) / 100, 10);
    expect(found?.gatewayHour).toBeCloseTo(hour(4, 8) + (128 * gibMonth) / 730, 10);
  },
);

test("the smallest disk of the standard hard disks holds 32 GiB, and there is none smaller", async () => {
  const found = await prices({ volume: { type: "Standard_LRS" }, gateway: { diskGiB: 40 } });

  expect(found?.gatewayHour).toBeCloseTo(hour(4, 8) + (64 * 0.05) / 730, 10);
});

test("what the list does not have is not told", async () => {
  Object.assign(azure.subscription.tariff.diskGibMonth, { StandardSSD: 0 });

  expect(await prices()).toEqual({
    ...{ currency: "USD", gatewayHour: undefined, volumeGibMonth: undefined },
  });
});

test("in China nothing is asked, as the list there is one file of all prices", async () => {
  await azure.close();
  azure = await startFakeAzure({ cloud: "china" });

  expect(await prices()).toEqual({ currency: "CNY" });
  expect(azure.calls.made).toEqual([]);
});

test("a missing permission and a list that fails are told as everywhere; a target is checked without either", async () => {
  const { config, credentials: secrets } = azure.target;
  const closed = { ...Object(config.endpoints), prices: await nobodysUrl() };
  azure.subscription.denied.add("Microsoft.Compute/skus/read");

  await expect(prices()).rejects.toMatchObject({ code: "cloud.forbidden" });
  azure.subscription.denied.clear();
  await expect(prices({ endpoints: closed })).rejects.toMatchObject({ code: "cloud.transient" });
  azure.calls.fail({ nth: 1, action: "LIST prices", when: "before", how: "error" });
  await expect(prices()).rejects.toMatchObject({ code: "cloud.transient" });
  const options = { config: { ...config, endpoints: closed }, secrets, consoleId: "c" };
  await (await openProvider("azure", options)).check();
});

test("the list is asked through the proxy that is set, and trusts what the target's settings trust", async () => {
  const tunnels: string[] = [];
  const proxy = createProxy().listen(0, "127.0.0.1");
  proxy.on("connect", (request, socket: Socket) => {
    tunnels.push(request.url ?? "");
    const { port } = new URL(azure.url);
    const there = connect(Number(port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(there).pipe(socket);
    });
    for (const end of [socket, there]) end.on("error", () => socket.destroy());
  });
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  // Nobody listens there but behind the proxy.
  const endpoints = { ...Object(azure.target.config.endpoints), prices: "https://127.0.0.1" };

  const found = await prices({ proxy: `http://127.0.0.1:${port}`, endpoints });

  expect(found?.gatewayHour).toBeGreaterThan(0);
  expect(tunnels).toContain("127.0.0.1:443");
  proxy.closeAllConnections();
  proxy.close();
});

/** Where nobody listens any more. */
async function nobodysUrl(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `https://127.0.0.1:${port}`;
}
