/** How much of a source server and its line a copy may use, and when. */
import { z } from "zod";

/** Sunday is 0. */
const day = z.number().int().min(0).max(6);
const minuteOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);
const rate = z.number().nonnegative();

/** From `from` up to `to`; one that ends before it begins goes past midnight, and is its first day's. */
export const limitWindow = z.strictObject({
  days: z.array(day).min(1).max(7),
  from: minuteOfDay,
  to: minuteOfDay,
  /** 0: no limit. */
  rateBytesPerSecond: rate,
});

const fields = {
  /** 0: no limit. */
  rateBytesPerSecond: rate,
  /** In its times it holds instead; the first that fits. */
  windows: z.array(limitWindow).max(20),
  /** Of the windows: an IANA name. */
  timeZone: z.string().max(64).refine(isTimeZone, "is no time zone, such as Europe/Berlin"),
  /** Of all CPUs together; 100: no cap. */
  cpuPercent: z.number().int().min(1).max(100),
  /** What is under way stands still and goes on where it was. */
  paused: z.boolean(),
};

export const limits = z.strictObject({
  rateBytesPerSecond: fields.rateBytesPerSecond.default(0),
  windows: fields.windows.default([]),
  timeZone: fields.timeZone.default("UTC"),
  cpuPercent: fields.cpuPercent.default(100),
  paused: fields.paused.default(false),
});
/** What is not named stays as it is. */
export const limitsChange = z.strictObject(fields).partial();
export type Limits = z.output<typeof limits>;
export type LimitWindow = z.output<typeof limitWindow>;

export const noLimits: Limits = limits.parse({});

/** The rate that holds at a moment. 0: no limit. */
export function rateAt({ rateBytesPerSecond, windows, timeZone }: Limits, at: Date): number {
  if (windows.length === 0) return rateBytesPerSecond;
  const { day, minute } = clock(at, timeZone);
  const found = windows.find((window) => holds(window, day, minute));
  return found?.rateBytesPerSecond ?? rateBytesPerSecond;
}

function holds({ days, from, to }: LimitWindow, day: number, minute: number): boolean {
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  if (begin < end) return days.includes(day) && minute >= begin && minute < end;
  const yesterday = (day + 6) % 7;
  return (days.includes(day) && minute >= begin) || (days.includes(yesterday) && minute < end);
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

const dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

function clock(at: Date, timeZone: string): { day: number; minute: number } {
  const parts = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  }).formatToParts(at);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  return {
    day: dayNames.indexOf(of("weekday")),
    minute: Number(of("hour")) * 60 + Number(of("minute")),
  };
}
