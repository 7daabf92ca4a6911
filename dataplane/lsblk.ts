/** Block devices as `lsblk --json --bytes` lists them. */
import { z } from "zod";
import { runTool } from "./run-tool.ts";

/** util-linux before 2.33 quotes numbers and booleans. */
const number = z.union([z.number(), z.string().transform(Number)]);
const flag = z.union([z.boolean(), z.enum(["0", "1"]).transform((text) => text === "1")]);
const text = z.string().nullable().default(null);

export interface BlockDevice {
  readonly name: string;
  readonly kname: string;
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly logicalSectorBytes: number;
  readonly removable: boolean;
  readonly tran: string | null;
  /** SCSI host:channel:target:lun. */
  readonly hctl: string | null;
  readonly serial: string | null;
  readonly wwn: string | null;
  readonly pttype: string | null;
  readonly parttype: string | null;
  readonly fstype: string | null;
  readonly uuid: string | null;
  readonly label: string | null;
  readonly mountpoint: string | null;
  /** Partitions, and what is built on the device: LVM, RAID, multipath. */
  readonly children: readonly BlockDevice[];
}

const device: z.ZodType<BlockDevice> = z.lazy(() =>
  z
    .object({
      name: z.string(),
      kname: z.string(),
      path: text,
      type: z.string(),
      size: number,
      "log-sec": number.default(512),
      rm: flag,
      tran: text,
      hctl: text,
      serial: text,
      wwn: text,
      pttype: text,
      parttype: text,
      fstype: text,
      uuid: text,
      label: text,
      mountpoint: text,
      children: z.array(device).default([]),
    })
    .transform(({ "log-sec": logicalSectorBytes, rm: removable, path, ...rest }) => ({
      ...rest,
      path: path ?? `/dev/${rest.kname}`,
      logicalSectorBytes,
      removable,
    })),
);

/** @throws ZodError when it isn't lsblk's output */
export function parseLsblk(output: string): BlockDevice[] {
  return z.object({ blockdevices: z.array(device) }).parse(JSON.parse(output)).blockdevices;
}

const columns =
  "NAME,KNAME,PATH,TYPE,SIZE,LOG-SEC,RM,TRAN,HCTL,SERIAL,WWN,PTTYPE,PARTTYPE,FSTYPE,UUID,LABEL,MOUNTPOINT";

/** What is plugged in now. `problem` says why the list is empty when that isn't the answer. */
export async function listBlockDevices(): Promise<{
  devices: BlockDevice[];
  problem: string | undefined;
}> {
  const run = await runTool("lsblk", ["--json", "--bytes", "--output", columns]);
  if (run.status === 0) return { devices: parseLsblk(run.stdout), problem: undefined };
  const problem = run.status === undefined ? "lsblk is not installed" : run.stderr.trim();
  return { devices: [], problem };
}
