/** The gateway's log: lines for people, or JSON lines for collectors. pino's shape of calls. */

type Write = (facts: object, message: string) => void;

export interface Log {
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

export function createLog(options: {
  readonly json: boolean;
  readonly write: (text: string) => void;
  readonly now: () => Date;
}): Log {
  const at =
    (level: "info" | "warn" | "error"): Write =>
    (facts, message) => {
      const time = options.now().toISOString();
      const plain = Object.fromEntries(
        Object.entries(facts).map(([key, value]) => [
          key,
          value instanceof Error ? value.message : value,
        ]),
      );
      options.write(
        options.json
          ? `${JSON.stringify({ time, level, message, ...plain })}\n`
          : `${time} ${level === "info" ? "" : `${level}: `}${message}${suffix(plain)}\n`,
      );
    };
  return { info: at("info"), warn: at("warn"), error: at("error") };
}

function suffix(facts: Record<string, unknown>): string {
  return Object.entries(facts)
    .map(([key, value]) => ` ${key}=${isPlain(value) ? value : JSON.stringify(value)}`)
    .join("");
}

/** A line stays one line, whatever a stranger has put into it. */
function isPlain(value: unknown): value is string {
  return typeof value === "string" && !/\p{Cc}/u.test(value);
}
