import { createHash } from "node:crypto";
import type { Json } from "./payload.ts";

/**
 * The functions AWS adds to JSONata.
 *
 * Source: Step Functions guide, "Transforming data with JSONata", JSONata functions provided by
 * Step Functions.
 */
export interface JsonataFunctions {
  readonly [name: string]: (...given: never[]) => Json | undefined;
}

const hashNames: Readonly<Record<string, string>> = {
  MD5: "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

// An array of this many numbers no longer fits a payload; without a bound one call could take all memory.
const longestRange = 131_072;

function partition(items: Json | undefined, size: number): Json[] | undefined {
  if (items === undefined) return undefined;
  if (!Array.isArray(items)) throw new Error("$partition: the first argument must be an array");
  if (!Number.isInteger(size) || size < 1) {
    throw new Error("$partition: the second argument must be a positive integer");
  }
  const chunks: Json[] = [];
  for (let start = 0; start < items.length; start += size) {
    chunks.push(items.slice(start, start + size));
  }
  return chunks;
}

function range(first: number, last: number, step: number): Json[] {
  if (![first, last, step].every(Number.isFinite) || step === 0) {
    throw new Error("$range: first, last and step must be numbers, and the step not zero");
  }
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  if (length > longestRange) throw new Error(`$range: ${length} numbers are too many`);
  return Array.from({ length }, (_, index) => first + index * step);
}

function hash(text: string | undefined, algorithm: string): string | undefined {
  if (text === undefined) return undefined;
  const name = hashNames[algorithm];
  if (typeof text !== "string" || name === undefined) {
    throw new Error(`$hash: needs a string and one of ${Object.keys(hashNames).join(", ")}`);
  }
  return createHash(name).update(text).digest("hex");
}

function parse(text: string | undefined): Json | undefined {
  return text === undefined ? undefined : JSON.parse(text);
}

/** The same number for the same seed, between 0 and 1, as AWS promises; not the same as AWS's. */
function seeded(seed: number): number {
  return createHash("sha256").update(String(seed)).digest().readUInt32BE() / 2 ** 32;
}

export function jsonataFunctions(random: () => number, uuid: () => string): JsonataFunctions {
  return {
    partition,
    range,
    hash,
    parse,
    random: (seed?: number) => (seed === undefined ? random() : seeded(seed)),
    uuid,
  };
}
