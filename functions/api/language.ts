import type { Language } from "#domain/errors.ts";

/** Chinese when it comes before English in Accept-Language; English otherwise. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const first = (acceptLanguage ?? "")
    .split(",")
    .map((part) => part.trim().toLowerCase())
    .find((part) => part.startsWith("zh") || part.startsWith("en"));
  return first?.startsWith("zh") ? "zh" : "en";
}
