/** Values of options. */
import { badInput, type Context } from "./context.ts";

/** @throws `input.invalid` */
export function wholeNumber(
  context: Context,
  option: string,
  given: string | undefined,
): number | undefined {
  if (given === undefined) return undefined;
  if (/^\d{1,9}$/.test(given)) return Number(given);
  throw badInput(`${option} ${given}`, context.say("must be a number"));
}

/** @throws `input.invalid` */
export function decimal(
  context: Context,
  option: string,
  given: string | undefined,
): number | undefined {
  if (given === undefined) return undefined;
  if (/^\d{1,9}(\.\d+)?$/.test(given)) return Number(given);
  throw badInput(`${option} ${given}`, context.say("must be a number"));
}

/** At most so many of a listing; no more pages are asked for. */
export async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  if (count === 0) return taken;
  for await (const item of items) {
    taken.push(item);
    if (taken.length >= count) break;
  }
  return taken;
}

export async function takeAll<T>(items: AsyncIterable<T>): Promise<T[]> {
  return take(items, Number.POSITIVE_INFINITY);
}
