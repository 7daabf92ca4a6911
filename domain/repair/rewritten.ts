/** A file's new text, equal to the old one when there was nothing to change. */
export interface Rewritten {
  readonly text: string;
  /** What changed, for people. */
  readonly details: readonly string[];
}
