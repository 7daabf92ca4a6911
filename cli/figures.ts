/** Figures as people read them. */

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(value: number): string {
  let index = 0;
  let left = value;
  while (left >= 1024 && index < units.length - 1) {
    left /= 1024;
    index += 1;
  }
  return `${index === 0 || left >= 100 ? Math.round(left) : left.toFixed(1)} ${units[index]}`;
}

export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${whole % 60}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${Math.floor((whole % 3600) / 60)}m`;
  return `${Math.floor(whole / 86_400)}d${Math.floor((whole % 86_400) / 3600)}h`;
}

/** Never 100 before all is done. */
export function percent(done: number, total: number): number {
  return total === 0 ? 0 : Math.min(100, Math.floor((done / total) * 100));
}

export function bar(done: number, total: number, width = 24): string {
  const filled = Math.floor((percent(done, total) / 100) * width);
  return `[${"#".repeat(filled)}${".".repeat(width - filled)}]`;
}
