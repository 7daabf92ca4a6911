/** Some of the locations that the cloud has. Source: Resources REST API, "Subscriptions - List Locations". */

export interface Location {
  readonly name: string;
  readonly displayName: string;
  readonly geographyGroup: string;
  /** Physical zones in the order of this subscription's own numbers. */
  readonly zones: readonly string[];
}

/** Some of the cloud's, beginning with the subscription's own. */
export function locationsOf(own: string): readonly Location[] {
  return own.startsWith("china")
    ? [
        location("chinanorth3", "China North 3", "China", ["az1", "az2", "az3"]),
        location("chinaeast2", "China East 2", "China", []),
      ]
    : [
        location("westeurope", "West Europe", "Europe", ["az3", "az1", "az2"]),
        location("westus", "West US", "US", []),
      ];
}

function location(
  name: string,
  displayName: string,
  geographyGroup: string,
  zones: readonly string[],
): Location {
  return { name, displayName, geographyGroup, zones };
}
