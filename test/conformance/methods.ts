/** The methods of a provider, by name. */
import type { Provider } from "#providers/provider.ts";

type Named<T, Prefix extends string = ""> = {
  [K in keyof T & string]-?: NonNullable<T[K]> extends (...args: never[]) => unknown
    ? `${Prefix}${K}`
    : NonNullable<T[K]> extends string
      ? never
      : Named<NonNullable<T[K]>, `${K}.`>;
}[keyof T & string];
export type ProviderMethod = Named<Provider>;

/** An object, because the compiler then misses one that is forgotten. */
const each: Readonly<Record<ProviderMethod, true>> = {
  capabilities: true,
  prices: true,
  check: true,
  listOwned: true,
  "network.ensureSecurityGroup": true,
  "network.deleteSecurityGroup": true,
  "network.ensureAddress": true,
  "network.releaseAddress": true,
  "network.listSubnets": true,
  "network.listSecurityGroups": true,
  "compute.listInstanceTypes": true,
  "compute.createGateway": true,
  "compute.launch": true,
  "compute.findInstance": true,
  "compute.findInstanceByToken": true,
  "compute.stopInstance": true,
  "compute.restartInstance": true,
  "compute.deleteInstance": true,
  "compute.readConsole": true,
  "compute.probeAddress": true,
  "volumes.createVolume": true,
  "volumes.listPools": true,
  "volumes.findVolume": true,
  "volumes.attachVolume": true,
  "volumes.detachVolume": true,
  "volumes.deleteVolume": true,
  "volumes.createSnapshot": true,
  "volumes.findSnapshot": true,
  "volumes.deleteSnapshot": true,
  "images.createImage": true,
  "images.findImage": true,
  "images.deleteImage": true,
};
export const providerMethods = Object.keys(each) as readonly ProviderMethod[];
