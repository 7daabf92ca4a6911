import { expect, test } from "vitest";
import { targetSchemas } from "../registry.ts";
import { qingcloudConfig, qingcloudSecrets } from "./config.ts";
import { sizeRules, takes, usualVolumeType, volumeTypes } from "./host-classes.ts";

const least = { zone: "pek3a", vxnetId: "vxnet-ytuyg2q" };

test("a target is its zone and network, and gets the document's gateway (R-113, R-209, S-02)", () => {
  const { gateway, endpoint, hyperDoor } = qingcloudConfig.parse(least);

  expect(gateway).toMatchObject({
    ...{ hostClass: 101, diskGiB: 100, publicAddress: "elastic", bandwidthMbps: 5 },
    ...{ maxVolumes: 20, spareVolumes: 0 },
  });
  expect(endpoint).toBe("https://api.qingcloud.com/iaas/");
  expect(hyperDoor).toBeUndefined();
});

test("credentials are an access key's id and secret; zone and HyperDoor's image are the target's (S-14)", () => {
  const { config, secrets } = targetSchemas("qingcloud");

  expect(secrets.parse({ accessKeyId: "QYKEY", secretAccessKey: "secret" })).toBeDefined();
  expect(config.parse({ ...least, hyperDoor: { image: "img-37amqany" } })).toMatchObject({
    zone: "pek3a",
    hyperDoor: { image: "img-37amqany" },
  });
  expect(secrets.safeParse({ accessKeyId: "QYKEY" }).success).toBe(false);
});

const refused: readonly (readonly [change: object, because: string])[] = [
  [{ zone: "PEK3A" }, "a zone in capitals, which the API takes for another"],
  [{ vxnetId: "subnet-1" }, "a network of another cloud"],
  [{ gateway: { diskGiB: 20 } }, "a gateway's disk below the least"],
  [{ volume: { type: 7 } }, "NeonSAN by RDMA, whose least size no system disk may have"],
  [{ volume: { maxGiB: 1015 } }, "a size between steps"],
  [{ endpoint: "https://api.example.com/iaas" }, "an endpoint without its slash, which is signed"],
  [{ regoin: "pek3" }, "a setting nobody knows"],
];

test.each(refused)("%j is refused: %s", (change) => {
  expect(qingcloudConfig.safeParse({ ...least, ...change }).success).toBe(false);
});

test.each(["short1A", "alllowercase1", "NoDigitsHere"])(
  "gateway password %s is refused",
  (weak) => {
    const keys = { accessKeyId: "QYKEY", secretAccessKey: "secret" };

    expect(qingcloudSecrets.safeParse({ ...keys, gatewayPassword: weak }).success).toBe(false);
  },
);

test("hosts take what they get unless told, and sizes go in steps of 10 GB up to the type's most", () => {
  for (const host of [0, 1, 101, 201, 301] as const) {
    expect(takes(host, usualVolumeType(host))).toBe(true);
  }
  expect(takes(101, 200)).toBe(false);
  expect(takes(201, 100)).toBe(false);
  for (const type of volumeTypes) {
    const { data, system } = sizeRules(type, { systemGiB: 100 });
    expect([data.stepBytes, data.minBytes % data.stepBytes]).toEqual([10 * 1024 ** 3, 0]);
    expect(system.maxBytes).toBeLessThanOrEqual(data.maxBytes);
    expect(system.minBytes).toBeLessThanOrEqual(system.maxBytes);
  }
});
