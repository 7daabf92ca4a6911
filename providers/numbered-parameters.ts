/** Parameters of the clouds that know no lists and no objects: members are named `Tag.1.Key`. */
type Value = string | number | boolean | undefined | readonly Value[] | { [name: string]: Value };

/** By the API's own names; lists are numbered and absent values left out when they are sent. */
export type Parameters = { readonly [name: string]: Value };

/**
 * `{ Tag: [{ Key: "a" }] }` is sent as `Tag.1.Key=a`.
 * @param from the number of a list's first member
 */
export function numbered(parameters: Parameters, from: 0 | 1): Record<string, string> {
  const flat = (value: Value, name: string): Record<string, string> => {
    if (value === undefined) return {};
    if (typeof value !== "object") return { [name]: String(value) };
    const below = name === "" ? "" : `${name}.`;
    const members = Array.isArray(value)
      ? value.map((item, index) => [String(index + from), item] as const)
      : Object.entries(value);
    return Object.assign({}, ...members.map(([key, inner]) => flat(inner, below + key)));
  };
  return flat(parameters, "");
}
