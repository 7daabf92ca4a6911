/** Every row of the requirement list with the tests that prove it, or the reason why none does. */
import { z } from "zod";
import type { Reason } from "./reasons.ts";

export const rows = z.array(
  z.object({
    row: z.string().regex(/^[RXS]-\d{2,3}$/),
    section: z.string(),
    kind: z.string(),
    text: z.string(),
  }),
);
export type Row = z.output<typeof rows>[number];

export interface Test {
  readonly name: string;
  /** From the repository's root. */
  readonly file: string;
}

export interface Answer extends Row {
  /** Tests whose names speak of the row. */
  readonly proof: readonly Test[];
  readonly reason: string | undefined;
  /** What the proof leaves open. */
  readonly lacks: string | undefined;
}

/** `R-012` in a test's name, also within `R-010 to R-014`. */
export function rowsNamed(testName: string): string[] {
  const spans = [...testName.matchAll(/\b([RXS])-(\d{2,3}) (?:to|–) \1-(\d{2,3})\b/g)];
  const between = spans.flatMap(([, letter, first = "", last = ""]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) =>
      [letter, String(Number(first) + index).padStart(first.length, "0")].join("-"),
    ),
  );
  const single = [...testName.matchAll(/\b[RXS]-\d{2,3}\b/g)].map(([name]) => name);
  return [...new Set([...between, ...single])];
}

export function answer(
  list: readonly Row[],
  tests: readonly Test[],
  reasons: readonly Reason[],
  lacks: readonly Reason[] = [],
): Answer[] {
  const proofs = new Map<string, Test[]>();
  for (const test of tests) {
    for (const row of rowsNamed(test.name)) proofs.set(row, [...(proofs.get(row) ?? []), test]);
  }
  const places = new Map(list.map(({ row }, index) => [row, index]));
  const covers = ({ rows: [first, last = first] }: Reason, index: number) =>
    (places.get(first) ?? Number.POSITIVE_INFINITY) <= index && index <= (places.get(last) ?? -1);
  return list.map((row, index) => ({
    ...row,
    proof: proofs.get(row.row) ?? [],
    reason: reasons.find((reason) => covers(reason, index))?.because,
    lacks: lacks.find((each) => covers(each, index))?.because,
  }));
}

/** What is wrong with the answers, in words; none: all is proved or explained. */
export function faults(
  answers: readonly Answer[],
  tests: readonly Test[],
  reasons: readonly Reason[],
  lacks: readonly Reason[] = [],
): string[] {
  const known = new Set(answers.map(({ row }) => row));
  const strange = tests.flatMap(({ name }) =>
    rowsNamed(name)
      .filter((row) => !known.has(row))
      .map((row) => `${row} is no row of the list, and a test speaks of it: ${name}`),
  );
  const misplaced = [...reasons, ...lacks]
    .flatMap(({ rows: ends }) => ends)
    .filter((row) => row !== undefined && !known.has(row))
    .map((row) => `${row} is no row of the list, and has a reason`);
  const silent = answers
    .filter(({ proof, reason }) => proof.length === 0 && reason === undefined)
    .map(({ row }) => `${row} has neither a proof nor a reason`);
  return [...strange, ...misplaced, ...silent];
}

const titles: Readonly<Record<string, string>> = {
  R: "Rows of the document",
  X: "How contradictions are read",
  S: "What the document leaves empty",
};

/** docs/requirements.md. */
export function page(answers: readonly Answer[]): string {
  const parts = Object.entries(titles).map(([letter, title]) => {
    const lines = answers
      .filter(({ row }) => row.startsWith(letter))
      .map(
        (each) => `| ${each.row} | ${each.kind} | ${cell(each.text)} | ${cell(proofOf(each))} |`,
      );
    return [
      `## ${title}`,
      "",
      "| row | kind | what | proof, or the reason why there is none |",
      "| --- | --- | --- | --- |",
      ...lines,
      "",
    ].join("\n");
  });
  return [
    "# Requirements",
    "",
    "Made by `npm run requirements` from the names of the tests. A row is proved by the tests that name it; what they leave open stands behind them. The others say in _italics_ why there is no proof.",
    "",
    ...parts,
  ].join("\n");
}

function proofOf({ proof, reason, lacks }: Answer): string {
  const [first] = proof;
  if (first === undefined) return `_${reason}_`;
  // Without their number: the page stays as it is when another test names the row.
  const others = proof.length === 1 ? "" : " (and others)";
  // The rows a test names are the lines it stands in.
  const name = first.name.replaceAll(/ \([^()]*\b[RXS]-\d{2,3}\b[^()]*\)/g, "");
  const text = name.replaceAll(/[[\]]/g, "\\$&");
  return `[${text}](../${first.file})${others}${lacks === undefined ? "" : `; _${lacks}_`}`;
}

/** Reasons that nothing needs any more: all of their rows are proved. */
export function spent(answers: readonly Answer[], reasons: readonly Reason[]): string[] {
  return reasons
    .filter(({ because, rows: [first, last = first] }) => {
      const from = answers.findIndex(({ row }) => row === first);
      const to = answers.findIndex(({ row }) => row === last);
      const covered = answers.slice(from, to + 1).filter(({ reason }) => reason === because);
      return covered.every(({ proof }) => proof.length > 0);
    })
    .map(({ rows: ends }) => ends.join(" to "));
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
