/** What is mounted, as the kernel lists it for this process. */

export interface Mount {
  readonly mountPoint: string;
  /** `major:minor` as the kernel shows it; of no real device for btrfs, which then has its source. */
  readonly device: string;
  /** The folder of the file system that is seen there; another than "/" for a bind mount or subvolume. */
  readonly root: string;
  readonly type: string;
  readonly source: string;
  readonly readOnly: boolean;
}

/**
 * /proc/self/mountinfo: id, parent, major:minor, root, mount point, options, optional fields, "-",
 * type, source, super options. Spaces are written as octal escapes. Source: proc_pid_mountinfo(5).
 */
export function parseMountInfo(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    const [, , device, root = "/", mountPoint] = before?.split(" ") ?? [];
    const [type, source, superOptions] = after?.split(" ") ?? [];
    if (device === undefined || mountPoint === undefined || type === undefined) return [];
    const readOnly = superOptions?.split(",").includes("ro") ?? false;
    return [
      {
        mountPoint: decodeEscapes(mountPoint),
        device,
        root: decodeEscapes(root),
        type,
        source: decodeEscapes(source ?? ""),
        readOnly,
      },
    ];
  });
}

/** Device paths of /proc/swaps: a heading, then a line each that begins with the path. */
export function parseSwaps(text: string): string[] {
  const lines = text.trim().split("\n").slice(1);
  return lines.flatMap((line) => {
    const [path, type] = line.split(/\s+/);
    return path !== undefined && type === "partition" ? [decodeEscapes(path)] : [];
  });
}

function decodeEscapes(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  );
}

/** Source: gnu_dev_major and gnu_dev_minor of glibc's sys/sysmacros.h, for 32-bit device numbers. */
export function deviceNumber(rdev: number): string {
  const major = Math.floor(rdev / 256) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
  return `${major}:${minor}`;
}
