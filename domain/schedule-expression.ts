/**
 * When something is due, in the words of EventBridge Scheduler: `rate(15 minutes)`,
 * `cron(30 2 ? * MON-FRI *)`, `at(2026-12-01T22:00:00)`. Source: EventBridge Scheduler user guide,
 * "Schedule types".
 */
import { MigrationError } from "./errors.ts";

export type ScheduleExpression =
  | { readonly kind: "rate"; readonly everyMs: number }
  /** Six fields: minute, hour, day of month, month, day of week (0 = Sunday), year. */
  | { readonly kind: "cron"; readonly pattern: string }
  /** A time on the clocks of the schedule's zone, without an offset. */
  | { readonly kind: "at"; readonly localTime: string };

const unitMs: Record<string, number> = { minute: 60_000, hour: 3600_000, day: 86_400_000 };
const days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const fieldNames = ["minute", "hour", "day of month", "month", "day of week", "year"];

/** @throws `input.invalid`, naming the part that is wrong */
export function parseExpression(text: string): ScheduleExpression {
  const [, kind, inner = ""] = /^(rate|cron|at)\((.+)\)$/.exec(text.trim()) ?? [];
  if (kind === "rate") return parseRate(text, inner);
  if (kind === "at") return parseAt(text, inner);
  if (kind === "cron") return parseCron(text, inner);
  throw wrong(
    text,
    "must be rate(15 minutes), cron(30 2 ? * MON-FRI *) or at(2026-12-01T22:00:00)",
  );
}

function parseRate(text: string, inner: string): ScheduleExpression {
  const [, count = "", unit = ""] = /^(\d{1,4}) (minute|hour|day)s?$/.exec(inner.trim()) ?? [];
  const everyMs = Number(count) * (unitMs[unit] ?? 0);
  if (everyMs > 0) return { kind: "rate", everyMs };
  throw wrong(text, "a rate is a number of minutes, hours or days, such as rate(15 minutes)");
}

function parseAt(text: string, inner: string): ScheduleExpression {
  const localTime = inner.trim();
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(localTime);
  const read = new Date(`${localTime}Z`);
  // 2026-02-30 is read as a day of March.
  if (isTime && !Number.isNaN(read.getTime()) && read.toISOString().startsWith(localTime)) {
    return { kind: "at", localTime };
  }
  throw wrong(text, "a time is written yyyy-mm-ddThh:mm:ss, in the schedule's time zone");
}

function parseCron(text: string, inner: string): ScheduleExpression {
  const fields = inner.trim().split(/\s+/);
  if (fields.length !== 6) {
    throw wrong(text, `has ${fields.length} fields instead of ${fieldNames.join(", ")}`);
  }
  const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = "", year = ""] = fields;
  // EventBridge asks for it because both restrict each other.
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) {
    throw wrong(text, "either the day of month or the day of week must be ?, and not both");
  }
  const pattern = [
    minute,
    hour,
    dayOfMonth.replace("?", "*"),
    month,
    weekday(dayOfWeek),
    year,
  ].join(" ");
  return { kind: "cron", pattern };
}

/** EventBridge counts from 1 for Sunday, the rest of the world from 0. */
function weekday(field: string): string {
  return field
    .replace("?", "*")
    .replace(/[A-Za-z]{3}/g, (name) => {
      const index = days.indexOf(name.toUpperCase());
      return index < 0 ? name : String(index + 1);
    })
    .replace(/(?<![#/\d])\d+/g, (number) => String(Number(number) - 1));
}

function wrong(text: string, problem: string): MigrationError {
  return new MigrationError("input.invalid", { where: `schedule ${text}`, problem });
}
