/**
 * What a packet filter does with one packet of a connection that somebody opens to a TCP port of this server over
 * IPv4. Whatever made the rules (firewalld, ufw, a script), they end up in nftables or iptables; both are
 * read into the same few things, with each condition answered for this packet.
 */

export interface Packet {
  readonly port: number;
  /** The interface through which it comes. */
  readonly nic: string;
  /** The one that opens the connection, or one that follows. */
  readonly part: "first" | "later";
  /** From an address that no rule names, or from one that may be in any of them. */
  readonly from: "stranger" | "anybody";
}

/** Whether a condition holds. `maybe`: it depends on more than is known of the packet. */
export type Answer = "yes" | "no" | "maybe";

export type Verdict =
  | { readonly to: "accept" | "drop" | "elsewhere" | "return" }
  | { readonly to: "jump" | "goto"; readonly chain: string };

export interface Rule {
  readonly applies: Answer;
  readonly verdict: Verdict;
}

export interface RuleSet {
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
  /** Where a packet for this server comes by, with what becomes of it where no rule says anything. */
  readonly bases: readonly { readonly chain: string; readonly policy: "accept" | "drop" }[];
}

/** `elsewhere`: to another port or server, so it does not say whether this one lets it in. */
export type Fate = "accept" | "drop" | "elsewhere";

/** Everything that may become of it: it is let in when every base chain lets it through. */
export function fatesOf({ chains, bases }: RuleSet): Set<Fate> {
  const known = new Map<string, Set<Fate | "return">>();
  const fates = new Set<Fate>(["accept"]);
  for (const { chain, policy } of bases) {
    const outcomes = outcomesOf(chain, chains, known);
    if (outcomes.delete("return")) outcomes.add(policy);
    if (!outcomes.has("accept")) fates.delete("accept");
    for (const outcome of outcomes)
      if (outcome !== "return" && outcome !== "accept") fates.add(outcome);
    // Nothing comes past this one.
    if (fates.size === 1 && !fates.has("accept")) break;
  }
  return fates;
}

function outcomesOf(
  chain: string,
  chains: RuleSet["chains"],
  known: Map<string, Set<Fate | "return">>,
): Set<Fate | "return"> {
  const before = known.get(chain);
  if (before !== undefined) return new Set(before);
  // The kernel takes no loops; should a listing have one, it leads nowhere.
  known.set(chain, new Set(["return"]));
  const outcomes = walk(chains.get(chain) ?? [], chains, known);
  known.set(chain, new Set(outcomes));
  return outcomes;
}

function walk(
  rules: readonly Rule[],
  chains: RuleSet["chains"],
  known: Map<string, Set<Fate | "return">>,
): Set<Fate | "return"> {
  const outcomes = new Set<Fate | "return">();
  for (const { applies, verdict } of rules) {
    if (applies === "no") continue;
    const isCall = verdict.to === "jump" || verdict.to === "goto";
    const results = isCall
      ? outcomesOf(verdict.chain, chains, known)
      : new Set<Fate | "return">([verdict.to]);
    const comesBack = verdict.to === "jump" && results.delete("return");
    for (const result of results) outcomes.add(result);
    if (applies === "yes" && !comesBack) return outcomes;
  }
  return outcomes.add("return");
}

export function and(answers: readonly Answer[]): Answer {
  if (answers.includes("no")) return "no";
  return answers.includes("maybe") ? "maybe" : "yes";
}

export function or(answers: readonly Answer[]): Answer {
  if (answers.includes("yes")) return "yes";
  return answers.includes("maybe") ? "maybe" : "no";
}

export function not(answer: Answer): Answer {
  if (answer === "maybe") return answer;
  return answer === "yes" ? "no" : "yes";
}

export function answer(holds: boolean): Answer {
  return holds ? "yes" : "no";
}

/** A condition on where it comes from, such as an address or a set of them; negated by the caller. */
export function isFromNamed(packet: Packet): Answer {
  return packet.from === "stranger" ? "no" : "maybe";
}

/** Source ports of those who open connections. Source: RFC 6335, section 6; Linux begins at 32768. */
export function isSourcePort(from: number, to: number): Answer {
  if (from <= 32_768 && to >= 65_535) return "yes";
  return to < 1024 ? "no" : "maybe";
}

/** `eth*` and iptables' `eth+` stand for all that begin so. */
export function isNic(pattern: string, { nic }: Packet): Answer {
  const wild = /^(.*)[*+]$/.exec(pattern)?.[1];
  return answer(wild === undefined ? pattern === nic : nic.startsWith(wild));
}

/**
 * Whether an address or network (`224.0.0.0/4`) is one of this server's own. Which it has at the target is not
 * known, so one of them makes it depend.
 */
export function isToOwn(network: string): Answer {
  const [address = "", bits = "32"] = network.split("/");
  if (bits === "0" || bits === "0.0.0.0") return "yes";
  const first = Number(address.split(".")[0]);
  return first === 127 || first >= 224 ? "no" : "maybe";
}

/** Whether of the flags in `mask` those that are wanted are set, and no others. */
export function areFlags(
  mask: readonly string[],
  wanted: readonly string[],
  { part }: Packet,
): Answer {
  const lower = (flags: readonly string[]) => flags.map((flag) => flag.toLowerCase());
  const [asked, set] = [lower(mask), lower(wanted).filter((flag) => flag !== "none")];
  const holds = (flags: readonly string[]) => {
    const seen = asked.includes("all") ? flags : flags.filter((flag) => asked.includes(flag));
    return seen.length === set.length && seen.every((flag) => set.includes(flag));
  };
  if (part === "first") return answer(holds(["syn"]));
  // With data, or just to acknowledge some.
  const [withData, without] = [holds(["ack", "psh"]), holds(["ack"])];
  return withData === without ? answer(withData) : "maybe";
}

/** What the kernel's connection tracking says of it. */
export function isInState(state: string, { part }: Packet): Answer {
  return answer(state.toLowerCase() === (part === "first" ? "new" : "established"));
}
