/** Rules as `iptables-save` shows them. Source: iptables-extensions(8). */
import {
  type Answer,
  and,
  answer,
  areFlags,
  isFromNamed,
  isInState,
  isNic,
  isSourcePort,
  isToOwn,
  not,
  or,
  type Packet,
  type Rule,
  type RuleSet,
  type Verdict,
} from "./packet-filter.ts";

/** Where a packet for this server comes by, in order. */
const way = [
  ...["raw PREROUTING", "mangle PREROUTING", "nat PREROUTING"],
  ...["mangle INPUT", "filter INPUT", "security INPUT"],
];

/**
 *   *filter
 *   :INPUT DROP [0:0]
 *   -A INPUT -p tcp -m tcp --dport 22 -m comment --comment "remote login" -j ACCEPT
 */
export function iptablesRuleSet(text: string, packet: Packet): RuleSet {
  const chains = new Map<string, Rule[]>();
  const policies = new Map<string, "accept" | "drop">();
  const rules: { key: string; table: string; words: Word[] }[] = [];
  let table = "";
  for (const line of text.split("\n")) {
    const [, heading] = /^\*(\w+)/.exec(line) ?? [];
    if (heading !== undefined) table = heading;
    const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (chain !== undefined) {
      chains.set(`${table} ${chain}`, []);
      policies.set(`${table} ${chain}`, policy === "DROP" ? "drop" : "accept");
    }
    const [, name, rest] = /^(?:\[\d+:\d+\] )?-A (\S+) (.*)$/.exec(line) ?? [];
    if (rest !== undefined) rules.push({ key: `${table} ${name}`, table, words: wordsOf(rest) });
  }
  for (const { key, table: of, words } of rules) {
    chains.get(key)?.push(...rulesOf(words, packet, (name) => `${of} ${name}`, chains));
  }
  const bases = way.filter((key) => chains.has(key));
  return {
    chains,
    bases: bases.map((chain) => ({ chain, policy: policies.get(chain) ?? "accept" })),
  };
}

interface Word {
  readonly text: string;
  /** Then it is a value, whatever it begins with. */
  readonly isQuoted: boolean;
}

/** Split at spaces, apart from what is in quotes. */
function wordsOf(line: string): Word[] {
  const parts = line.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
  return parts.map((part) =>
    part.startsWith('"')
      ? { text: part.slice(1, -1).replace(/\\(.)/g, "$1"), isQuoted: true }
      : { text: part, isQuoted: false },
  );
}

interface Option {
  readonly name: string;
  readonly values: readonly string[];
  readonly isNegated: boolean;
}

/** `! -s 192.0.2.0/24 -m tcp --dport 22`; an exclamation mark may also stand before the value. */
function optionsOf(words: readonly Word[]): Option[] {
  const options: { name: string; values: string[]; isNegated: boolean }[] = [];
  let isNegated = false;
  for (const { text: word, isQuoted } of words) {
    const last = options.at(-1);
    if (isQuoted) last?.values.push(word);
    else if (word === "!") {
      // Before a value (old) it belongs to the option that has none yet; else to the next one.
      if (last !== undefined && last.values.length === 0 && last.name !== "-m")
        last.isNegated = true;
      else isNegated = true;
    } else if (/^--?[a-z]/i.test(word)) {
      options.push({ name: word, values: [], isNegated });
      isNegated = false;
    } else last?.values.push(word);
  }
  return options;
}

function rulesOf(
  words: readonly Word[],
  packet: Packet,
  keyOf: (chain: string) => string,
  chains: ReadonlyMap<string, unknown>,
): Rule[] {
  const options = optionsOf(words);
  const target = options.findIndex(({ name }) => /^(-j|-g|--jump|--goto)$/.test(name));
  const conditions = target < 0 ? options : options.slice(0, target);
  const applies = and(
    conditions.map((option) => {
      const holds = conditionOf(option, conditions, packet);
      return option.isNegated ? not(holds) : holds;
    }),
  );
  const { name, values } = options[target] ?? {};
  const [to] = values ?? [];
  if (to === undefined) return [];
  if (chains.has(keyOf(to))) {
    const isGoto = name === "-g" || name === "--goto";
    return [{ applies, verdict: { to: isGoto ? "goto" : "jump", chain: keyOf(to) } }];
  }
  return targetRules(to, applies);
}

/** Targets that note or change something, after which the next rule comes. */
const notes =
  /^(LOG|NFLOG|ULOG|MARK|CONNMARK|CONNSECMARK|SECMARK|CT|NOTRACK|TRACE|AUDIT|CHECKSUM|CLASSIFY|DSCP|TOS|TTL|HL|SET|TCPMSS|TCPOPTSTRIP|TEE|RATEEST|IDLETIMER|LED)$/;
const final: Record<string, Verdict> = {
  ACCEPT: { to: "accept" },
  DROP: { to: "drop" },
  REJECT: { to: "drop" },
  TARPIT: { to: "drop" },
  RETURN: { to: "return" },
  DNAT: { to: "elsewhere" },
  REDIRECT: { to: "elsewhere" },
  TPROXY: { to: "elsewhere" },
};

function targetRules(target: string, applies: Answer): Rule[] {
  const verdict = final[target];
  if (verdict !== undefined) return [{ applies, verdict }];
  if (notes.test(target)) return [];
  // A program decides (QUEUE, NFQUEUE), or something that is not known here.
  return [{ applies: and([applies, "maybe"]), verdict: { to: "drop" } }];
}

/** Of options that only say more about another one of the same rule, true. */
const details = new Set([
  ...["-m", "--match", "--comment", "--limit", "--limit-burst", "--seconds", "--hitcount"],
  ...["--rttl", "--reap", "--name", "--mask", "--rsource", "--rdest", "--hashlimit-burst"],
  ...["--hashlimit-mode", "--hashlimit-name", "--hashlimit-srcmask", "--hashlimit-dstmask"],
  ...["--hashlimit-htable-size", "--hashlimit-htable-max", "--hashlimit-htable-expire"],
  ...[
    "--hashlimit-htable-gcinterval",
    "--connlimit-mask",
    "--connlimit-saddr",
    "--connlimit-daddr",
  ],
  ...["--limit-iface-in", "--ctdir", "--validmark", "--loose", "--accept-local"],
]);

function conditionOf(option: Option, all: readonly Option[], packet: Packet): Answer {
  const { name, values } = option;
  const [value = "", second = ""] = values;
  const has = (match: string) =>
    all.some((other) => other.name === "-m" && other.values.includes(match));
  if (details.has(name)) return "yes";
  switch (name) {
    case "-p":
    case "--protocol":
      return answer(["tcp", "6", "all", "0"].includes(value));
    case "-i":
    case "--in-interface":
      return isNic(value, packet);
    case "-o":
    case "--out-interface":
      return "no";
    case "-s":
    case "--source":
      return /\/(0|0\.0\.0\.0)$/.test(value) ? "yes" : isFromNamed(packet);
    case "-d":
    case "--destination":
      return isToOwn(value);
    case "--dport":
    case "--destination-port":
    case "--dports":
    case "--destination-ports":
    case "--ports":
      return has("udp") ? "no" : isPort(value, packet.port);
    case "--sport":
    case "--source-port":
    case "--sports":
    case "--source-ports":
      return or(rangesOf(value).map(([from, to]) => isSourcePort(from, to)));
    case "--state":
    case "--ctstate":
      return or(value.split(",").map((state) => isInState(state, packet)));
    case "--syn":
      return areFlags(["fin", "syn", "rst", "ack"], ["syn"], packet);
    case "--tcp-flags":
      return areFlags(value.split(","), second.split(","), packet);
    case "--dst-type":
      return answer(/^(LOCAL|UNICAST)$/.test(value));
    case "--src-type":
      return answer(value === "UNICAST");
    case "--pkt-type":
      return answer(value === "unicast");
    // Somebody who comes once is within limits and on no list, and is put on one.
    case "--set":
    case "--hashlimit":
    case "--hashlimit-upto":
    case "--connlimit-upto":
      return "yes";
    case "--update":
    case "--rcheck":
    case "--remove":
    case "--hashlimit-above":
    case "--connlimit-above":
    case "--icmp-type":
    case "-f":
    case "--fragment":
      return "no";
    case "--match-set":
      return second.split(",").every((field) => field === "src") ? isFromNamed(packet) : "maybe";
    case "--src-range":
    case "--mac-source":
      return isFromNamed(packet);
    // Of rpfilter: it would not come back this way.
    case "--invert":
      return has("rpfilter") ? "no" : "maybe";
    default:
      return "maybe";
  }
}

function isPort(text: string, port: number): Answer {
  return or(rangesOf(text).map(([from, to]) => answer(from <= port && port <= to)));
}

/** `22,8000:8080,:1023` */
function rangesOf(text: string): [number, number][] {
  return text.split(",").map((part) => {
    const [from = "", to = from] = part.split(":");
    return [from === "" ? 0 : Number(from), to === "" ? 65_535 : Number(to)];
  });
}
