/** What the demo measured and saw. The JSON report is this, as it is. */

export interface BootSeen {
  /** Hardware profile of the instance. */
  profile: string;
  repaired: boolean;
  booted: boolean;
  seconds: number;
  /** The guest's own words. */
  evidence: string;
}

export interface DemoReport {
  disks: { name: string; bytes: number; sourceSha256: string; volumeSha256: string }[];
  initialSync: { bytesRead: number; bytesSent: number; bytesWritten: number; seconds: number };
  deltaSync: { changedBytes: number; bytesSent: number; seconds: number };
  boots: BootSeen[];
  /** State transitions of the migration to cutover: migrate-server, provision-gateway, launch-server. */
  transitions: number;
  steps: { name: string; seconds: number }[];
  /** What the target still holds after the clean-up that nobody asked to keep. */
  leftovers: string[];
  /** What this machine could not show, and why. */
  notShown: string[];
}

/** What is not as it should be; empty when the demo may end with 0. */
export function faults(report: DemoReport): string[] {
  const found: string[] = [];
  for (const disk of report.disks) {
    if (disk.sourceSha256 !== disk.volumeSha256)
      found.push(`the volume of ${disk.name} differs from its disk`);
  }
  for (const boot of report.boots) {
    if (boot.repaired && !boot.booted)
      found.push(`the repaired server did not boot on ${boot.profile}: ${boot.evidence}`);
    if (!boot.repaired && boot.booted)
      found.push(`the unrepaired server booted on ${boot.profile}: the repair proves nothing`);
  }
  if (report.transitions > 60)
    found.push(`${report.transitions} state transitions, 60 are allowed`);
  for (const leftover of report.leftovers) found.push(`left behind: ${leftover}`);
  return found;
}

export function renderReport(report: DemoReport): string {
  const { initialSync, deltaSync } = report;
  const lines = [
    "",
    "Disks (SHA-256 of the source disk, of its volume at the target)",
    ...report.disks.map(
      (disk) =>
        `  ${disk.name.padEnd(8)} ${mebibytes(disk.bytes).padStart(9)}  ${disk.sourceSha256.slice(0, 16)}…  ${disk.volumeSha256.slice(0, 16)}…  ${disk.sourceSha256 === disk.volumeSha256 ? "equal" : "DIFFERENT"}`,
    ),
    "",
    `Initial sync   read ${mebibytes(initialSync.bytesRead)}, sent ${mebibytes(initialSync.bytesSent)}, wrote ${mebibytes(initialSync.bytesWritten)} in ${seconds(initialSync.seconds)} (${mebibytes(initialSync.bytesRead / initialSync.seconds)}/s)`,
    `Delta sync     ${mebibytes(deltaSync.changedBytes)} in changed blocks, sent ${mebibytes(deltaSync.bytesSent)} in ${seconds(deltaSync.seconds)}`,
  ];
  if (report.boots.length > 0) {
    lines.push(
      "",
      "Boots",
      ...report.boots.map(
        (boot) =>
          `  ${boot.profile.padEnd(12)} ${boot.repaired ? "repaired  " : "unrepaired"}  ${boot.booted ? "booted" : "failed"} after ${seconds(boot.seconds)}: ${boot.evidence}`,
      ),
    );
  }
  lines.push(
    "",
    "Steps",
    ...report.steps.map((step) => `  ${seconds(step.seconds).padStart(8)}  ${step.name}`),
    "",
    `State transitions to cutover: ${report.transitions} (60 are allowed)`,
    `Leftovers at the target: ${report.leftovers.length === 0 ? "none" : report.leftovers.join(", ")}`,
  );
  if (report.notShown.length > 0)
    lines.push("", "Not shown here", ...report.notShown.map((what) => `  ${what}`));
  return `${lines.join("\n")}\n`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}
