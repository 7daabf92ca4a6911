/**
 * Whether a launched server booted, by what its serial console shows: the guest's own word, not the
 * cloud's. The newest word counts, because a guest that panicked may have restarted and come up. Once
 * there was a word, more text never leads back to "waiting".
 */

export interface BootEvidence {
  readonly verdict: "booted" | "failed" | "waiting";
  /** The line that says so; while waiting, the last line shown, or an empty text. */
  readonly evidence: string;
}

/** No pattern looks at a line's end: the rest of the line may not have arrived yet. */
const booted = [/\blogin:/];

const failed = [
  // initramfs-tools (scripts/functions, panic) and dracut (dracut-emergency.sh)
  /dropping to a shell/i,
  /requires a manual fsck/i,
  /^\(initramfs\)/,
  /^dracut:\/?#/,
  /entering emergency mode/i,
  /kernel panic - not syncing/i,
  // systemd (emergency.service) and sulogin
  /you are in (emergency|rescue) mode/i,
  /give root password for maintenance/i,
  /press enter for maintenance/i,
  /cannot open access to console, the root account is locked/i,
  // GRUB: without its modules, and without its configuration
  /grub rescue>/,
  /entering rescue mode/i,
  /minimal bash-like line editing/i,
  // SeaBIOS, boot sectors of MS-DOS, Windows and syslinux
  /no bootable device/i,
  /(missing operating system|operating system not found|bootmgr is missing|non-system disk)/i,
  // EDK II
  /uefi interactive shell/i,
  /^shell>/i,
  /no bootable option or device was found/i,
  // Windows with its emergency console (EMS) on the serial line
  /inaccessible_boot_device/i,
  /\*\*\* stop: 0x/i,
];

/** How every line begins that HyperDoor's own program writes to the console, and how its SSH calls itself. */
export const hyperDoorMark = "HyperDoor: ";

/** What the console shows since HyperDoor's last word: the copied system's, where there was a HyperDoor. */
export function afterHyperDoor(consoleText: string): string {
  const last = consoleText.lastIndexOf(hyperDoorMark);
  if (last < 0) return consoleText;
  const end = consoleText.indexOf("\n", last);
  return end < 0 ? "" : consoleText.slice(end + 1);
}

/** HyperDoor may still answer for a second after it was told to restart. */
export function isHyperDoors(sshBanner: string): boolean {
  return sshBanner.includes("HyperDoor");
}

const esc = "\\u001b";
/**
 * Control sequences of ECMA-48: CSI, OSC (to its end or the line's), character sets, single functions.
 * An unfinished one matches too, so that what is visible of a text stays visible when more follows.
 */
const sequence = new RegExp(
  `${esc}(?:` +
    `\\[[0-?]*[ -/]*(?<csi>[@-~])?` +
    `|\\][^\\u0007\\u001b\\r\\n]*(?:\\u0007|${esc}\\\\?)?` +
    `|[()*+#%][0-9A-Za-z@]?` +
    `|[0-Z\\\\^-~])?`,
  "g",
);
/** Moves to another line or clears: what follows begins a new line. */
const lineMoves = "ABEFHJdf";

function visibleLines(consoleText: string): string[] {
  return (
    consoleText
      .replace(sequence, (_whole, csi?: string) => (csi && lineMoves.includes(csi) ? "\n" : ""))
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "")
      .split(/[\r\n]+/)
      .map((line) => line.trim())
      .filter((line) => line !== "")
  );
}

const longestEvidence = 300;

function verdictOf(line: string): BootEvidence["verdict"] | undefined {
  if (failed.some((pattern) => pattern.test(line))) return "failed";
  return booted.some((pattern) => pattern.test(line)) ? "booted" : undefined;
}

/** Any text will do, also one that begins or ends in the middle of a line or a control sequence. */
export function judgeBoot(consoleText: string): BootEvidence {
  const lines = visibleLines(consoleText);
  let found: BootEvidence | undefined;
  for (const line of lines) {
    const verdict = verdictOf(line);
    // Of several lines that say the same the first tells why; the shell's prompt after it does not.
    if (verdict === undefined || verdict === found?.verdict) continue;
    found = { verdict, evidence: line.slice(0, longestEvidence) };
  }
  const last = lines.at(-1) ?? "";
  return found ?? { verdict: "waiting", evidence: last.slice(0, longestEvidence) };
}
