/** What the source server's boot-report unit tells on the serial line once it is up. */
export interface BootReport {
  /** The device `/` is on, as the running kernel names it. */
  readonly root: string;
  readonly kernel: string;
  readonly interface: string;
  /** IPv4 address with prefix length; empty when there is none. */
  readonly address: string;
  readonly failedUnits: readonly string[];
  readonly marker: string;
  /** How often `changeSourceServer` changed the system and the data disk: `2/2`, or `2/` without one. */
  readonly changes: string;
  /** SHA-256 over the payload files of both disks. */
  readonly checksum: string;
}

/** The last complete report in a serial console's output, if there is one. */
export function findBootReport(serialOutput: string): BootReport | undefined {
  const line = [...serialOutput.matchAll(/BOOTREPORT ([^\r\n]*)[\r\n]/g)].at(-1)?.[1];
  if (line === undefined) return undefined;

  const fields = new Map(
    line.split(" ").map((field) => {
      const [name = "", ...value] = field.split("=");
      return [name, value.join("=")];
    }),
  );
  const fieldOf = (name: string) => fields.get(name) ?? "";
  return {
    root: fieldOf("root"),
    kernel: fieldOf("kernel"),
    interface: fieldOf("interface"),
    address: fieldOf("address"),
    failedUnits: fieldOf("failed").split(",").filter(Boolean),
    marker: fieldOf("marker"),
    changes: fieldOf("changes"),
    checksum: fieldOf("checksum"),
  };
}
