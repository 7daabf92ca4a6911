/** Lists: what a filter leaves, and pages. */
import type { Parameters } from "../parameters.ts";
import { Refusal } from "./request.ts";
import type { Thing } from "./state.ts";

/**
 * Named ones, and those whose id or name holds the word. An id that is not there is refused, in most
 * lists. Source: QingCloud API, DescribeVolumes.
 */
export function listed<T extends Thing>(
  all: ReadonlyMap<string, T>,
  parameters: Parameters,
  ids: string,
  options: {
    readonly absentIsEmpty?: boolean;
    readonly fields?: Readonly<Record<string, (thing: T) => string>>;
  } = {},
): T[] {
  const { absentIsEmpty = false, fields = {} } = options;
  const named = parameters.list(ids);
  const absent = named.find((id) => !all.has(id));
  if (absent !== undefined && !absentIsEmpty) {
    throw new Refusal(2100, `ResourceNotFound, resource [${absent}] not found`);
  }
  const word = parameters.find("search_word");
  return [...all.values()].filter((thing) => {
    if (named.length > 0 && !named.includes(thing.id)) return false;
    if (word !== undefined && !thing.name.includes(word) && !thing.id.includes(word)) return false;
    return Object.entries(fields).every(([name, field]) => {
      const direct = parameters.find(name);
      const several = parameters.list(name);
      if (direct === undefined && several.length === 0) return true;
      return direct === field(thing) || several.includes(field(thing));
    });
  });
}

/** 20 unless told, at most 100; the newest first. Source: DescribeVolumes, offset and limit. */
export function paged<T, S>(
  set: string,
  things: readonly T[],
  parameters: Parameters,
  show: (thing: T) => S,
): Readonly<Record<string, unknown>> {
  const offset = parameters.number("offset") ?? 0;
  const limit = Math.min(parameters.number("limit") ?? 20, 100);
  const page = [...things].reverse().slice(offset, offset + limit);
  return { [set]: page.map(show), total_count: things.length };
}
