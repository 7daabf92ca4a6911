/** Why a row has no proof yet, or can't have one here. A row that got a proof loses its reason. */

export interface Reason {
  /** One row, or the first and the last of several. */
  readonly rows: readonly [first: string, last?: string];
  readonly because: string;
}

const noTargetYet = (name: string) =>
  `The target ${name} is not built yet; what is data of it waits with it.`;
const noWindowsAgent =
  "There is no Windows agent yet, and no Windows here to run one on: what is built is for Linux.";

export const reasons: readonly Reason[] = [];

export { noTargetYet, noWindowsAgent };
