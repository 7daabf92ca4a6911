/** What travels between states, and how large it may be. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Source: Step Functions quotas, "Maximum input or output size for a task, state, or execution". */
export const maxPayloadBytes = 262_144;

export function isTooLarge(text: string): boolean {
  // A UTF-16 unit becomes at most three bytes, so most texts are settled without counting.
  if (text.length * 3 <= maxPayloadBytes) return false;
  return Buffer.byteLength(text) > maxPayloadBytes;
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
