/** What was measured, as a table. */
export interface Row {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  /** Medians; the ratio is the median of each round's own. */
  readonly peer?: number;
  readonly peerName?: string;
  readonly ratio?: number;
  readonly goal?: string;
  readonly reached?: boolean;
}

export function show(rows: readonly Row[]): string {
  const figure = (value: number | undefined) =>
    value === undefined ? "" : value >= 100 ? value.toFixed(0) : value.toFixed(value < 1 ? 3 : 1);
  const lines = [
    ["case", "ours", "peer", "", "unit", "ratio", "goal", ""],
    ...rows.map((row) => [
      ...[row.case, figure(row.ours), figure(row.peer), row.peerName ?? "", row.unit],
      row.ratio === undefined ? "" : row.ratio.toFixed(2),
      ...[row.goal ?? "", row.reached === undefined ? "" : row.reached ? "reached" : "MISSED"],
    ]),
  ];
  const widths = lines[0]?.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, at) => cell.padEnd(widths?.[at] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
