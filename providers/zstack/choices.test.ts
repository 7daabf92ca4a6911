import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeZstack, startFakeZstack } from "#test/clouds/zstack/fake-zstack.ts";
import { host, imageServer, network } from "#test/clouds/zstack/state.ts";
import type { Choice } from "../choices.ts";
import { zstackChoices } from "./choices.ts";

let site: FakeZstack;
beforeEach(async () => {
  site = await startFakeZstack();
});
afterEach(() => site.close());

type Path = keyof typeof zstackChoices;

const paths = Object.keys(zstackChoices) as Path[];

/** As much as is known when the first is asked for. */
const endpoint = () => ({ endpoint: site.target.config.endpoint });

const ask = (path: Path, config: object = {}): Promise<readonly Choice[]> =>
  zstackChoices[path]({ config: { ...endpoint(), ...config }, secrets: site.keys });

const inZone = () => ({ zoneId: site.cloud.zone.uuid });
const inCluster = () => ({ ...inZone(), clusterId: site.cloud.cluster.uuid });

test("zones can be chosen as soon as it is known where the cloud is, by key or by password", async () => {
  const [first, second] = site.cloud.zones;
  const choices = [
    { value: site.target.config.zoneId, label: "zone-1" },
    { value: second?.uuid, label: "zone-2" },
  ];

  expect(first?.uuid).toBe(site.target.config.zoneId);
  expect(await ask("zoneId")).toEqual(choices);
  expect(await zstackChoices.zoneId({ config: endpoint(), secrets: site.account })).toEqual(
    choices,
  );
});

test("the zone's clusters can be chosen", async () => {
  expect(await ask("clusterId", inZone())).toEqual([
    { value: site.target.config.clusterId, label: "cluster-1, KVM" },
  ]);
});

test("of the zone's networks those with the services that gateways want can be chosen", async () => {
  const { networks, zones } = site.cloud;
  const services = ["Userdata", "SecurityGroup"];
  const [, other] = zones;
  networks.push(network("elsewhere", "Private", other?.uuid ?? "", services, "10.0.9.0/24"));

  expect(await ask("networkId", inZone())).toEqual([
    { value: site.target.config.networkId, label: "flat, Private, 10.0.1.0/24" },
  ]);
});

test("the zone's public networks can be chosen for gateways' addresses", async () => {
  expect(await ask("gateway.publicNetworkId", inZone())).toEqual([
    { value: site.cloud.publicNetwork.uuid, label: "public, 10.0.2.0/24" },
  ]);
});

test("the zone's image servers that are connected can be chosen", async () => {
  const { imageServers, zone, zones } = site.cloud;
  const second = imageServer("second", zone.uuid);
  const lost = { ...imageServer("lost", zone.uuid), status: "Disconnected" };
  imageServers.push(second, lost, imageServer("elsewhere", zones[1]?.uuid ?? ""));

  const choices = await ask("imageServerId", inZone());

  const label = "ImageStoreBackupStorage, 500 GiB";
  expect(choices).toEqual([
    { value: site.target.config.imageServerId, label: `image-store, ${label}` },
    { value: second.uuid, label: `second, ${label}` },
  ]);
});

test("the cluster's hosts can be chosen, of all pages", async () => {
  const { cluster, hosts } = site.cloud;
  const [first] = hosts;
  for (let count = 0; count < 100; count += 1) hosts.push(host(`more-${count}`, "::1", cluster));

  const choices = await ask("hostId", inCluster());

  expect(choices[0]).toEqual({ value: first?.uuid, label: "host-1, 10.0.0.11" });
  expect(new Set(choices.map(({ value }) => value)).size).toBe(102);
});

test("images on the image servers can be HyperDoor's", async () => {
  const choices = await ask("hyperDoor.image");

  expect(choices).toHaveLength(4);
  expect(choices).toContainEqual({
    value: site.cloud.hyperDoorImage.uuid,
    label: "HyperDoor, Linux, x86_64",
  });
});

test.each([
  ["clusterId", "zoneId"],
  ["networkId", "zoneId"],
  ["imageServerId", "zoneId"],
  ["gateway.publicNetworkId", "zoneId"],
  ["hostId", "clusterId"],
] as const)("%s is not asked for without %s", async (path, needed) => {
  await expect(ask(path)).rejects.toMatchObject({
    code: "input.invalid",
    message: expect.stringContaining(`${needed}: must be given`),
  });
  expect(site.calls.made).toEqual([]);
});

test.each(paths)("%s is not asked for while nobody knows where the cloud is", async (path) => {
  await expect(
    zstackChoices[path]({ config: inCluster(), secrets: site.keys }),
  ).rejects.toMatchObject({
    code: "input.invalid",
    message: expect.stringContaining("endpoint"),
  });
});

test.each(paths)("of %s, a key that is wrong is told as such", async (path) => {
  const secrets = { ...site.keys, accessKeySecret: "another" };

  await expect(
    zstackChoices[path]({ config: { ...endpoint(), ...inCluster() }, secrets }),
  ).rejects.toMatchObject({ code: "cloud.credentials" });
});
