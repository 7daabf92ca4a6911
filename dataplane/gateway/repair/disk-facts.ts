/** What is on a volume, looked at from outside: nothing is mounted for it. */
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { RepairDisk, RepairFileSystem } from "#domain/repair/inspection.ts";
import { runTool } from "../../run-tool.ts";

/** Of `sfdisk --json`. Sizes are in sectors; `id` is the MBR's signature or the GPT's GUID. */
const partitionTable = z.object({
  partitiontable: z.object({
    label: z.string(),
    id: z.string().optional(),
    sectorsize: z.number().int().positive().default(512),
    partitions: z
      .array(
        z.object({
          node: z.string(),
          start: z.number().int(),
          size: z.number().int().positive(),
          type: z.string(),
          uuid: z.string().optional(),
        }),
      )
      .default([]),
  }),
});
type PartitionTable = z.output<typeof partitionTable>["partitiontable"];

/** MBR types that hold other partitions. */
const extendedTypes = ["5", "f", "85"];

/**
 * @param name what the source server called this disk.
 * @throws `repair.no-carrier` when util-linux is not installed.
 */
export async function readDiskFacts(name: string, path: string): Promise<RepairDisk> {
  const table = await readPartitionTable(path);
  if (table === undefined) {
    const fileSystem = await probeFileSystem(path);
    return { name, partitions: [], ...(fileSystem === undefined ? {} : { fileSystem }) };
  }
  const partitions = await Promise.all(
    table.partitions
      .filter(({ type }) => !extendedTypes.includes(type))
      .map(async ({ node, start, size, uuid }) => {
        // A name that ends in a digit gets a "p" before the number.
        const number = Number(node.slice(path.length).replace(/^p/, ""));
        const place = { offsetBytes: start * table.sectorsize, sizeBytes: size * table.sectorsize };
        const found = await probeFileSystem(path, place);
        const partUuid = uuid?.toLowerCase() ?? mbrPartUuid(table, number);
        const fileSystem =
          found === undefined
            ? undefined
            : { ...found, ...(partUuid === undefined ? {} : { partUuid }) };
        return { number, ...place, ...(fileSystem === undefined ? {} : { fileSystem }) };
      }),
  );
  return { name, partitions };
}

async function readPartitionTable(path: string): Promise<PartitionTable | undefined> {
  const { status, stdout } = await runTool("sfdisk", ["--json", path]);
  if (status === undefined) throw notInstalled("sfdisk");
  if (status !== 0) return undefined;
  const parsed = partitionTable.safeParse(JSON.parse(stdout));
  return parsed.success ? parsed.data.partitiontable : undefined;
}

/** As the kernel makes it: block/partitions/msdos.c, `set_info`. */
function mbrPartUuid(table: PartitionTable, number: number): string | undefined {
  if (table.label !== "dos" || table.id === undefined) return undefined;
  return `${table.id.replace(/^0x/, "")}-${number.toString(16).padStart(2, "0")}`;
}

async function probeFileSystem(
  path: string,
  place?: { offsetBytes: number; sizeBytes: number },
): Promise<RepairFileSystem | undefined> {
  const range =
    place === undefined ? [] : ["--offset", `${place.offsetBytes}`, "--size", `${place.sizeBytes}`];
  const { status, stdout } = await runTool("blkid", [
    "--probe",
    ...range,
    "--output",
    "export",
    path,
  ]);
  if (status === undefined) throw notInstalled("blkid");

  // The disk was written by others: only values that are fit for fstab are taken.
  const values = new Map(
    stdout.split("\n").map((line) => {
      const [key = "", ...value] = line.split("=");
      return [key, value.join("=")];
    }),
  );
  const type = wordOf(values.get("TYPE"));
  if (type === undefined) return undefined;
  const uuid = wordOf(values.get("UUID"));
  const label = wordOf(values.get("LABEL"));
  return {
    type,
    ...(uuid === undefined ? {} : { uuid }),
    ...(label === undefined ? {} : { label }),
  };
}

function wordOf(value: string | undefined): string | undefined {
  return value !== undefined && /^[\w.:-]{1,64}$/.test(value) ? value : undefined;
}

function notInstalled(program: string): MigrationError {
  const problem = `${program} (util-linux) is not installed`;
  return new MigrationError("repair.no-carrier", { gateway: "this", problem });
}
