/** Puts the same thing around every method of a provider: the one place that lists them all. */
import type { Provider, ResourceKind } from "./provider.ts";

/** What a wrapper may know of a call. */
interface Call {
  /** Such as `volumes.createVolume`. */
  readonly method: string;
  /** As given by the caller; may hold secrets. */
  readonly args: readonly unknown[];
  /** What the call makes, if it makes something that lasts. */
  readonly creates?: {
    readonly kind: ResourceKind;
    readonly token: string;
    readonly owner: string;
  };
  readonly deletes?: { readonly kind: ResourceKind; readonly id: string };
}

/** Does something before, after or instead of `next`, and gives its result. */
export type Around = <T>(call: Call, next: () => Promise<T>) => Promise<T>;

type Method<A extends readonly unknown[], T> = (...args: A) => Promise<T>;
type Creation = readonly [
  { readonly token: string; readonly tags: { readonly "hypermotion:owner": string } },
];

export function decorate(provider: Provider, around: Around): Provider {
  const plain =
    <A extends readonly unknown[], T>(method: string, run: Method<A, T>): Method<A, T> =>
    (...args) =>
      around({ method, args }, () => run(...args));

  const create =
    <A extends Creation, T>(kind: ResourceKind, method: string, run: Method<A, T>): Method<A, T> =>
    (...args) => {
      const [{ token, tags }] = args;
      const creates = { kind, token, owner: tags["hypermotion:owner"] };
      return around({ method, args, creates }, () => run(...args));
    };

  const remove =
    (kind: ResourceKind, method: string, run: Method<[string], void>): Method<[string], void> =>
    (id) =>
      around({ method, args: [id], deletes: { kind, id } }, () => run(id));

  const { network, compute, volumes, images } = provider;
  return {
    platform: provider.platform,
    capabilities: plain("capabilities", () => provider.capabilities()),
    ...(provider.prices && {
      prices: plain(
        "prices",
        async (of: { gatewayType?: string }) => (await provider.prices?.(of)) ?? { currency: "" },
      ),
    }),
    check: plain("check", () => provider.check()),
    listOwned: plain("listOwned", (owner?: string) => provider.listOwned(owner)),
    network: {
      ensureSecurityGroup: create("security-group", "network.ensureSecurityGroup", (options) =>
        network.ensureSecurityGroup(options),
      ),
      deleteSecurityGroup: remove("security-group", "network.deleteSecurityGroup", (id) =>
        network.deleteSecurityGroup(id),
      ),
      ensureAddress: create("address", "network.ensureAddress", (options) =>
        network.ensureAddress(options),
      ),
      releaseAddress: remove("address", "network.releaseAddress", (id) =>
        network.releaseAddress(id),
      ),
      ...(network.listSubnets && {
        listSubnets: plain(
          "network.listSubnets",
          async () => (await network.listSubnets?.()) ?? [],
        ),
      }),
      ...(network.listSecurityGroups && {
        listSecurityGroups: plain(
          "network.listSecurityGroups",
          async () => (await network.listSecurityGroups?.()) ?? [],
        ),
      }),
    },
    compute: {
      listInstanceTypes: plain("compute.listInstanceTypes", () => compute.listInstanceTypes()),
      createGateway: create("instance", "compute.createGateway", (spec) =>
        compute.createGateway(spec),
      ),
      launch: create("instance", "compute.launch", (spec) => compute.launch(spec)),
      findInstance: plain("compute.findInstance", (id: string) => compute.findInstance(id)),
      findInstanceByToken: plain("compute.findInstanceByToken", (token: string) =>
        compute.findInstanceByToken(token),
      ),
      stopInstance: plain("compute.stopInstance", (id: string) => compute.stopInstance(id)),
      deleteInstance: remove("instance", "compute.deleteInstance", (id) =>
        compute.deleteInstance(id),
      ),
      readConsole: plain("compute.readConsole", (id: string) => compute.readConsole(id)),
      ...(compute.restartInstance && {
        restartInstance: plain(
          "compute.restartInstance",
          async (id: string) => await compute.restartInstance?.(id),
        ),
      }),
      ...(compute.probeAddress && {
        probeAddress: plain(
          "compute.probeAddress",
          async (id: string) => await compute.probeAddress?.(id),
        ),
      }),
    },
    volumes: {
      createVolume: create("volume", "volumes.createVolume", (options) =>
        volumes.createVolume(options),
      ),
      ...(volumes.listPools && {
        listPools: plain("volumes.listPools", async () => (await volumes.listPools?.()) ?? []),
      }),
      findVolume: plain("volumes.findVolume", (id: string) => volumes.findVolume(id)),
      attachVolume: plain("volumes.attachVolume", (volumeId: string, instanceId: string) =>
        volumes.attachVolume(volumeId, instanceId),
      ),
      detachVolume: plain("volumes.detachVolume", (id: string) => volumes.detachVolume(id)),
      deleteVolume: remove("volume", "volumes.deleteVolume", (id) => volumes.deleteVolume(id)),
      createSnapshot: create("snapshot", "volumes.createSnapshot", (options) =>
        volumes.createSnapshot(options),
      ),
      findSnapshot: plain("volumes.findSnapshot", (id: string) => volumes.findSnapshot(id)),
      deleteSnapshot: remove("snapshot", "volumes.deleteSnapshot", (id) =>
        volumes.deleteSnapshot(id),
      ),
    },
    ...(images && {
      images: {
        createImage: create("image", "images.createImage", (options) =>
          images.createImage(options),
        ),
        findImage: plain("images.findImage", (id: string) => images.findImage(id)),
        deleteImage: remove("image", "images.deleteImage", (id) => images.deleteImage(id)),
      },
    }),
  };
}
