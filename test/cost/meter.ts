/** Counts what DynamoDB would be paid for, by wrapping a store. */
import type { Store } from "#store/store.ts";

export interface Metered {
  /** Strongly consistent reads of up to 4 KB. */
  reads: number;
  /** Writes of up to 1 KB; what the index follows counts twice. */
  writes: number;
  /** Told, and so put on the bus. */
  events: number;
}

const kib = 1024;
const sizeOf = (record: unknown) => Buffer.byteLength(JSON.stringify(record ?? {}));
const readUnits = (bytes: number) => Math.max(1, Math.ceil(bytes / (4 * kib)));
const writeUnits = (record: unknown) => Math.max(1, Math.ceil(sizeOf(record) / kib));
/** Records are listed through an index that holds them whole; events are not. */
const indexed = 2;

/** @param meter asked at each call, so that one store can be metered for several */
export function metered(store: Store, meter: () => Metered): Store {
  const watch = (collection: object, copies: number) =>
    new Proxy(collection, {
      get(target, name, receiver) {
        const method: unknown = Reflect.get(target, name, receiver);
        if (typeof method !== "function") return method;
        if (name === "all")
          return (...args: unknown[]) => countAll(method.apply(target, args), meter());
        return async (...args: unknown[]) => {
          const now = meter();
          try {
            const result: unknown = await method.apply(target, args);
            count(now, String(name), result, args[0], copies);
            return result;
          } catch (error) {
            count(now, String(name), {}, {}, copies);
            throw error;
          }
        };
      },
    });
  const collections = Object.entries(store).map(([name, collection]) => [
    name,
    typeof collection === "object"
      ? watch(collection, name === "events" ? 1 : indexed)
      : collection,
  ]);
  return Object.fromEntries(collections) as Store;
}

function count(now: Metered, method: string, result: unknown, given: unknown, copies: number) {
  const isRead = /^(find|get|list|ensure|update)$/.test(method);
  const isWrite = /^(create|ensure|update|delete|append)$/.test(method);
  if (isRead) now.reads += readUnits(sizeOf(result));
  // A change that changes nothing is not written; which it was is not seen here, so it counts.
  if (method === "append") now.events += 1;
  if (isWrite) now.writes += copies * writeUnits(method === "append" ? given : result);
}

async function* countAll(items: AsyncIterable<unknown>, now: Metered): AsyncIterable<unknown> {
  let bytes = 0;
  for await (const item of items) {
    bytes += sizeOf(item);
    yield item;
  }
  now.reads += readUnits(bytes);
}
