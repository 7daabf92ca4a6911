/** One line per call to a cloud, with how it ended and how long it took, and without secrets. */
import { factsOf } from "#domain/errors.ts";
import type { Clock } from "./clock.ts";
import type { Around } from "./decorate.ts";

/** As pino has it. */
export interface Log {
  debug(facts: Record<string, unknown>, message: string): void;
  warn(facts: Record<string, unknown>, message: string): void;
}

const hidden = "[hidden]";
/** Fields that hold secrets by their nature: user data carries the gateway's enrolment code. */
const secretName = /^(bootstrap|userData|.*(password|secret|credential|accessKey|privateKey).*)$/i;
/** Shorter ones would blot out innocent text. */
const shortestSecret = 6;

/** A copy fit for a log: fields that are secret by name, and the given secrets wherever they appear, are hidden. */
export function redact(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === "string") {
    return secrets
      .filter((secret) => secret.length >= shortestSecret)
      .reduce((text, secret) => text.replaceAll(secret, hidden), value);
  }
  if (Array.isArray(value)) return value.map((item) => redact(item, secrets));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      secretName.test(name) ? hidden : redact(field, secrets),
    ]),
  );
}

/** The texts inside a target's secrets, however deep. */
export function secretTexts(secrets: unknown): string[] {
  if (typeof secrets === "string") return [secrets];
  if (typeof secrets !== "object" || secrets === null) return [];
  return Object.values(secrets).flatMap(secretTexts);
}

export function logged(
  platform: string,
  log: Log,
  secrets: readonly string[],
  clock: Clock,
): Around {
  return async ({ method, args }, next) => {
    const startedAt = clock.now();
    const facts = () => ({
      platform,
      method,
      args: redact(args, secrets),
      ms: Math.round(clock.now() - startedAt),
    });
    try {
      const result = await next();
      log.debug(facts(), "cloud call");
      return result;
    } catch (error) {
      log.warn({ ...facts(), error: redact(factsOf(error), secrets) }, "cloud call failed");
      throw error;
    }
  };
}
