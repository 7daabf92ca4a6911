/** Which instance type suits a source server. */

export interface OfferedType {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryBytes: number;
  /** Beside the system disk. */
  readonly maxVolumes: number;
}

/** What the source server has; what it does not tell asks for nothing. */
export interface Needs {
  readonly vcpus: number;
  readonly memoryBytes: number;
  /** Beside the system disk. */
  readonly volumes: number;
}

/**
 * The smallest type that is as large as the source, or else the largest that can hold its volumes:
 * an operator may know better, but a server that starts small beats one that does not start.
 * Types of one size are taken in the order they are offered. `undefined` when none holds the volumes.
 */
export function adviseInstanceType<T extends OfferedType>(
  offered: readonly T[],
  needs: Needs,
): { readonly type: T; readonly smaller: boolean } | undefined {
  const bySize = offered
    .filter(({ maxVolumes }) => maxVolumes >= needs.volumes)
    .sort((a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus);
  const type = bySize.find((one) => isLargeEnough(one, needs));
  if (type !== undefined) return { type, smaller: false };
  const last = bySize.at(-1);
  const largest = bySize.find(
    ({ memoryBytes, vcpus }) => memoryBytes === last?.memoryBytes && vcpus === last.vcpus,
  );
  return largest && { type: largest, smaller: true };
}

/**
 * A machine's kernel keeps some of its memory for itself, and firmware some more: a server of 4 GiB
 * tells of about 3.8. Rounded down by a sixteenth, the type of the same name still fits.
 */
function isLargeEnough(type: OfferedType, needs: Needs): boolean {
  return type.vcpus >= needs.vcpus && type.memoryBytes >= needs.memoryBytes * (15 / 16);
}
