/** Families of instance types, as clouds write them: `t3` of `t3.large`, `Standard_F4` of itself. */
import { any } from "./definitions.ts";

export function isOfFamily(type: string, families: readonly string[]): boolean {
  return families.some(
    (family) =>
      family === any ||
      type === family ||
      (type.startsWith(family) && /[^A-Za-z0-9]/.test(type.charAt(family.length))),
  );
}
