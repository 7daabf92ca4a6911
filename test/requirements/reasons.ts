/** Why a row has no proof yet, or can't have one here. A row that got a proof loses its reason. */

export interface Reason {
  /** One row, or the first and the last of several. */
  readonly rows: readonly [first: string, last?: string];
  readonly because: string;
}

export const reasons: readonly Reason[] = [];
