/** What a verification found, as a table, and where the differences are. */
import { MigrationError } from "#domain/errors.ts";
import {
  isProved,
  type Place,
  unexplainedBlocks,
  type Verification,
} from "#domain/verification.ts";
import type { Context } from "./context.ts";
import { bytes } from "./figures.ts";

/** The rest is in the JSON. */
const extentsShown = 20;

export function showVerification(
  context: Context,
  { volumes, recoveryPointId }: Verification,
): void {
  const { out, say } = context;
  const hasSource = volumes.some(({ source }) => source !== undefined);
  out.table(
    [
      ...[say("DISK"), say("VOLUME"), say("SIZE"), say("SHA-256"), say("RESULT")],
      ...(hasSource ? [say("SOURCE")] : []),
    ],
    volumes.map((volume) => [
      ...[volume.deviceName, volume.volumeId, bytes(volume.sizeBytes), volume.sha256],
      resultOf(context, volume),
      ...(hasSource ? [sourceOf(context, volume)] : []),
    ]),
  );
  for (const { deviceName, differences, source } of volumes) {
    showPlaces(context, say("verify volume of", { disk: deviceName }), differences.places);
    showPlaces(context, say("verify source of", { disk: deviceName }), source?.places ?? []);
  }
  if (recoveryPointId !== undefined && volumes.every((volume) => volume.isAsRecorded === true))
    out.line(say("verify as recorded", { id: recoveryPointId }));
}

function resultOf({ say }: Context, volume: Verification["volumes"][number]): string {
  const { differences, isAsRecorded, comparedBytes, sizeBytes } = volume;
  const { blocks, bytes: differingBytes, extentCount } = differences;
  if (blocks > 0)
    return say("verify differs", { blocks, bytes: bytes(differingBytes), extents: extentCount });
  if (isAsRecorded === false) return say("verify not as recorded");
  if (comparedBytes < sizeBytes)
    return say("verify partly", { bytes: bytes(sizeBytes - comparedBytes) });
  return say("verify equal");
}

function sourceOf({ say }: Context, { source }: Verification["volumes"][number]): string {
  if (source === undefined) return "-";
  if (source.blocks === 0) return say("verify equal");
  const { blocks, writtenBlocks = 0 } = source;
  return say("verify source differs", { blocks, written: writtenBlocks });
}

function showPlaces({ out, say }: Context, of: string, places: readonly Place[]): void {
  for (const place of places) {
    out.line(`${of}, ${placeText({ say }, place)}:`);
    for (const { offsetBytes, lengthBytes, written } of place.extents.slice(0, extentsShown)) {
      const why = written === true ? `  ${say("verify written")}` : "";
      out.line(`  ${say("verify extent", { at: offsetBytes, length: lengthBytes })}${why}`);
    }
    const more = place.extents.length - extentsShown;
    if (more > 0) out.line(`  ${say("verify more", { count: more })}`);
  }
}

function placeText({ say }: Pick<Context, "say">, place: Place): string {
  const { partition, fileSystem, mountPoint } = place;
  return [
    partition === undefined ? undefined : say("verify partition", { number: partition }),
    fileSystem,
    mountPoint === undefined ? undefined : say("verify mounted", { mountPoint }),
    partition === undefined && fileSystem === undefined ? say("verify outside") : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
}

/** @throws `verify.differs` when a difference is not known to be a write at the source */
export function requireEqual({ volumes }: Verification, server: string): void {
  const bad = volumes.filter((volume) => !isProved(volume) || unexplainedBlocks(volume) > 0);
  if (bad.length === 0) return;
  const disks = bad.map(({ deviceName }) => deviceName).join(", ");
  throw new MigrationError("verify.differs", { server, disks });
}
