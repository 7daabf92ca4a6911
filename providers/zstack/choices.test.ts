import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeZstack, startFakeZstack } from "#test/clouds/zstack/fake-zstack.ts";
import { host, imageServer, network, newUuid } from "#test/clouds/zstack/state.ts";
import type { Choice } from "../choices.ts";
import { openProvider } from "../registry.ts";
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

test("of networks, the check takes every one that is offered once the cluster is known, and no other of the zone", async () => {
  const { cloud, target } = site;
  const { networks, zone, l2Network } = cloud;
  const [services, at] = [["Userdata", "SecurityGroup"], zone.uuid];
  const disabled = network("disabled", "Private", at, services, "10.0.3.0/24", l2Network.uuid);
  const public2 = network("public-2", "Public", at, services, "10.0.4.0/24", l2Network.uuid);
  const apart = network("of another cluster", "Private", at, services, "10.0.6.0/24");
  networks.push(
    ...[{ ...disabled, state: "Disabled" }, public2, apart],
    network("system", "System", at, services, "10.0.5.0/24", l2Network.uuid),
  );

  const inZoneOnly = await ask("networkId", inZone());
  const offered = await ask("networkId", inCluster());

  const taken: string[] = [];
  for (const { uuid: networkId } of networks) {
    const config = { ...target.config, networkId };
    const provider = await openProvider("zstack", { config, secrets: site.keys, consoleId: "c" });
    const isTaken = await provider.check().then(
      () => true,
      () => false,
    );
    if (isTaken) taken.push(networkId);
  }
  expect(offered).toEqual([
    { value: target.config.networkId, label: "flat, Private, 10.0.1.0/24" },
    { value: public2.uuid, label: "public-2, Public, 10.0.4.0/24" },
  ]);
  expect(taken).toEqual(offered.map(({ value }) => value));
  expect(inZoneOnly.map(({ value }) => value)).toEqual([
    ...[target.config.networkId, apart.uuid, public2.uuid],
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

/** Of the fake's target. */
async function networkOf(settings: object = {}) {
  const config = { ...site.target.config, ...settings };
  return (await openProvider("zstack", { config, secrets: site.keys, consoleId: "c" })).network;
}

test("a launch can be given the networks of the target's cluster that a server can be in", async () => {
  const { networks, zone, l2Network } = site.cloud;
  const [services, at] = [["SecurityGroup"], zone.uuid];
  const second = network("second", "Public", at, services, "10.0.3.0/24", l2Network.uuid);
  const disabled = network("disabled", "Private", at, services, "10.0.4.0/24", l2Network.uuid);
  networks.push(
    ...[second, { ...disabled, state: "Disabled" }],
    network("system", "System", at, services, "10.0.5.0/24", l2Network.uuid),
    network("of another cluster", "Private", at, services, "10.0.6.0/24"),
  );

  const { listSubnets } = await networkOf();

  expect(await listSubnets?.()).toEqual([
    { value: site.target.config.networkId, label: "flat, Private, 10.0.1.0/24" },
    { value: second.uuid, label: "second, Public, 10.0.3.0/24" },
  ]);
});

test("a server of HyperDoor's can only be in a network that gives it its orders", async () => {
  const { networks, zone, l2Network, hyperDoorImage } = site.cloud;
  const services = ["SecurityGroup"];
  networks.push(network("b", "Private", zone.uuid, services, "10.0.3.0/24", l2Network.uuid));
  const hyperDoor = { launch: { boot: "hyperDoor" }, hyperDoor: { image: hyperDoorImage.uuid } };

  const { listSubnets } = await networkOf(hyperDoor);

  expect((await listSubnets?.())?.map(({ value }) => value)).toEqual([
    site.target.config.networkId,
  ]);
});

test("networks and groups that a launch can be given are listed of all pages", async () => {
  const { networks, groups, zone, l2Network } = site.cloud;
  const labels = Array.from(
    { length: 101 },
    (_, count) => `more-${String(count).padStart(3, "0")}`,
  );
  for (const name of labels) {
    const at = [zone.uuid, ["SecurityGroup"], "10.0.3.0/24", l2Network.uuid] as const;
    networks.push(network(name, "Private", ...at));
    const uuid = newUuid();
    groups.set(uuid, { ...{ uuid, name, description: undefined }, networks: new Set(), rules: [] });
  }

  const { listSubnets, listSecurityGroups } = await networkOf();

  expect((await listSubnets?.())?.map(({ label }) => label)).toEqual([
    "flat, Private, 10.0.1.0/24",
    ...labels.map((name) => `${name}, Private, 10.0.3.0/24`),
  ]);
  expect(await listSecurityGroups?.()).toEqual(
    [...groups.values()].map(({ uuid, name }) => ({ value: uuid, label: name })),
  );
});
