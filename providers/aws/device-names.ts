/**
 * Names to attach volumes under. Nitro guests don't see them, but AWS wants each once and of this shape:
 * /dev/sd[f-p], then /dev/xvd[b-c][a-z]. Source: EC2 user guide, "Device names for volumes".
 */
const letters = (from: string, to: string) =>
  Array.from({ length: to.charCodeAt(0) - from.charCodeAt(0) + 1 }, (_, n) =>
    String.fromCharCode(from.charCodeAt(0) + n),
  );

const names: readonly string[] = [
  ...letters("f", "p").map((letter) => `/dev/sd${letter}`),
  ...["b", "c"].flatMap((first) => letters("a", "z").map((second) => `/dev/xvd${first}${second}`)),
];

/** `/dev/sdf` and `/dev/xvdf` are one name to AWS. */
const bare = (name: string) => name.replace(/^\/dev\/(sd|xvd)/, "");

/** @returns undefined when all 63 are taken */
export function freeDeviceName(taken: Iterable<string>): string | undefined {
  const used = new Set([...taken].map(bare));
  return names.find((name) => !used.has(bare(name)));
}
