/** What somebody chooses from, by their names: uuids say nothing, and are in no order. */
import { type Choice, labelOf } from "../choices.ts";
import type { Thing } from "./account.ts";
import type { ZstackClient } from "./client.ts";
import { isUsable, missingServices, type Network, type Service } from "./place.ts";

export const choice = (
  { uuid, name }: Thing,
  ...more: readonly (string | null | undefined)[]
): Choice => ({
  value: uuid,
  label: labelOf(name, ...new Set(more)),
});

export const sorted = (choices: readonly Choice[]): Choice[] =>
  choices.toSorted((a, b) => a.label.localeCompare(b.label));

export async function listNetworks(
  client: ZstackClient,
  conditions: readonly string[],
  needed: readonly Service[],
): Promise<Network[]> {
  const networks = await client.list<Network>("QueryL3Network", conditions);
  return networks.filter(
    (network) => isUsable(network) && missingServices(network, needed).length === 0,
  );
}

export const networkChoice = (network: Network): Choice =>
  choice(network, network.category, ...blocksOf(network));

export const blocksOf = ({ ipRanges = [] }: Network) =>
  ipRanges.map(({ networkCidr }) => networkCidr);
