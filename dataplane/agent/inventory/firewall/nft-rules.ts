/** Rules as `nft -j list ruleset` shows them. Source: libnftables-json(5). */
import { z } from "zod";
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

const place = z.object({ family: z.string(), table: z.string() });
const named = place.extend({ name: z.string() });
const set = named.extend({ elem: z.array(z.unknown()).default([]) });
/** One of these, or something else that does not matter here. */
const item = z.object({
  chain: named
    .extend({
      hook: z.string().optional(),
      policy: z.string().optional(),
      dev: z.union([z.string(), z.array(z.string())]).optional(),
    })
    .optional(),
  rule: place.extend({ chain: z.string(), expr: z.array(z.unknown()) }).optional(),
  set: set.optional(),
  map: set.optional(),
});
const listing = z.object({ nftables: z.array(item) });
export type NftListing = z.output<typeof listing>["nftables"];

/** @throws ZodError or SyntaxError when it isn't such a listing */
export function parseNft(text: string): NftListing {
  return listing.parse(JSON.parse(text)).nftables;
}

const iptablesTables = new Set(["filter", "nat", "mangle", "raw", "security"]);
const iptablesChains = /^(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)$/;

/** Whether iptables keeps rules here: it knows conditions that this listing has no words for. */
export function hasIptablesTables(items: NftListing): boolean {
  return items.some(({ chain }) => chain !== undefined && isIptables(items, chain));
}

function isIptables(items: NftListing, { family, table }: z.output<typeof place>): boolean {
  if ((family !== "ip" && family !== "ip6") || !iptablesTables.has(table)) return false;
  return items.some(
    ({ chain }) =>
      chain?.family === family &&
      chain.table === table &&
      chain.hook !== undefined &&
      iptablesChains.test(chain.name),
  );
}

/** Families that see IPv4, and where a packet for this server comes by. */
const families = new Set(["ip", "inet", "netdev"]);
const hooks = new Set(["ingress", "prerouting", "input"]);

/** @param withIptables whether those of iptables count; not when iptables itself is asked */
export function nftRuleSet(items: NftListing, packet: Packet, withIptables: boolean): RuleSet {
  const chains = new Map<string, Rule[]>();
  const bases: { chain: string; policy: "accept" | "drop" }[] = [];
  const sets = new Map<string, readonly unknown[]>();
  const keyOf = (at: z.output<typeof place>, name: string) => `${at.family} ${at.table} ${name}`;
  for (const item of items) {
    const found = item.set ?? item.map;
    if (found !== undefined) sets.set(keyOf(found, found.name), found.elem);
  }
  for (const { chain, rule } of items) {
    if (chain !== undefined) {
      if (!families.has(chain.family) || (!withIptables && isIptables(items, chain))) continue;
      const key = keyOf(chain, chain.name);
      if (!chains.has(key)) chains.set(key, []);
      const isOnWay = chain.hook !== undefined && hooks.has(chain.hook);
      const isForNic = chain.dev === undefined || [chain.dev].flat().includes(packet.nic);
      if (!isOnWay || !isForNic) continue;
      bases.push({ chain: key, policy: chain.policy === "drop" ? "drop" : "accept" });
    } else if (rule !== undefined) {
      const reader: Reader = {
        packet,
        elementsOf: (name) => sets.get(keyOf(rule, name)) ?? [],
        chainOf: (name) => keyOf(rule, name),
      };
      const key = keyOf(rule, rule.chain);
      chains.set(key, [...(chains.get(key) ?? []), ...rulesOf(rule.expr, reader)]);
    }
  }
  return { chains, bases };
}

interface Reader {
  readonly packet: Packet;
  readonly elementsOf: (set: string) => readonly unknown[];
  readonly chainOf: (name: string) => string;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** One rule, or one for each element where a map says what becomes of the packet. */
function rulesOf(expressions: readonly unknown[], reader: Reader): Rule[] {
  const rules: Rule[] = [];
  let applies: Answer = "yes";
  for (const expression of expressions) {
    const [name = "", value] = Object.entries(fieldsOf(expression))[0] ?? [];
    const verdict = verdictOf(name, value, reader);
    if (verdict !== undefined) {
      rules.push({ applies, verdict });
    } else if (name === "vmap") {
      for (const { key, to } of vmapElements(value, reader)) {
        rules.push({ applies: and([applies, key]), verdict: to });
      }
    } else if (name === "queue") {
      // A program decides.
      rules.push({ applies: and([applies, "maybe"]), verdict: { to: "drop" } });
      rules.push({ applies, verdict: { to: "accept" } });
    } else applies = and([applies, conditionOf(name, value, reader)]);
  }
  return rules;
}

function verdictOf(name: string, value: unknown, { chainOf }: Reader): Verdict | undefined {
  switch (name) {
    case "accept":
    case "return":
      return { to: name };
    case "drop":
    case "reject":
      return { to: "drop" };
    case "jump":
    case "goto": {
      const { target } = fieldsOf(value);
      return { to: name, chain: chainOf(String(target)) };
    }
    case "dnat":
    case "redirect":
    case "tproxy":
      return { to: "elsewhere" };
    default:
      return undefined;
  }
}

function vmapElements(value: unknown, reader: Reader): { key: Answer; to: Verdict }[] {
  const { key, data } = fieldsOf(value);
  const elements =
    typeof data === "string"
      ? reader.elementsOf(data.replace(/^@/, ""))
      : listOf(fieldsOf(data).set);
  return elements.flatMap((element) => {
    const [on, verdict] = listOf(element);
    const [name = "", target] = Object.entries(fieldsOf(verdict))[0] ?? [];
    const to = verdictOf(name, target, reader);
    return to === undefined ? [] : [{ key: isElement(key, on, reader), to }];
  });
}

/** Statements that only note something hold always. */
const notes = new Set([
  ...["counter", "log", "mangle", "notrack", "continue", "ct helper", "ct timeout"],
  ...["ct expectation", "flow", "last", "secmark", "snat", "masquerade"],
]);

function conditionOf(name: string, value: unknown, reader: Reader): Answer {
  if (notes.has(name)) return "yes";
  const facts = fieldsOf(value);
  switch (name) {
    case "match":
      return matchOf(facts, reader);
    // Somebody who comes once is within limits, and not over them.
    case "limit":
    case "ct count":
      return answer(facts.inv !== true);
    // What is noted in a set may have conditions of its own.
    case "set":
    case "map":
    case "meter": {
      const statements = [facts.stmt ?? []].flat();
      return and(
        statements.flatMap((statement) =>
          Object.entries(fieldsOf(statement)).map(([kind, inner]) =>
            conditionOf(kind, inner, reader),
          ),
        ),
      );
    }
    case "xt":
      return facts.name === "comment" || facts.name === "LOG" ? "yes" : "maybe";
    default:
      return "maybe";
  }
}

function matchOf({ op, left, right }: Record<string, unknown>, reader: Reader): Answer {
  if (isOfAnotherProtocol(left)) return "no";
  const port = /^[<>]=?$/.test(String(op)) && typeof right === "number" ? right : undefined;
  if (port !== undefined) {
    const upTo = { "<": [0, port - 1], "<=": [0, port], ">": [port + 1, 65_535] }[String(op)];
    return isElement(left, { range: upTo ?? [port, 65_535] }, reader);
  }
  const found = isElement(left, right, reader);
  // "!" is said of flags: none of them.
  return op === "!=" || op === "!" ? not(found) : found;
}

/** Asking for a field of a protocol, also for it not to be something, is asking for that protocol. */
function isOfAnotherProtocol(left: unknown): boolean {
  const { payload, exthdr, concat, "&": masked } = fieldsOf(left);
  if (exthdr !== undefined) return true; // of IPv6
  const inner = listOf(concat ?? masked);
  if (inner.length > 0) return inner.some(isOfAnotherProtocol);
  const { protocol } = fieldsOf(payload);
  return protocol !== undefined && !["tcp", "th", "ip", "ether", "vlan"].includes(String(protocol));
}

/** Whether what `left` names in the packet is this value, or among these. */
function isElement(left: unknown, right: unknown, reader: Reader): Answer {
  // In a map: all that is not named there.
  if (right === "*") return "yes";
  // A list of flags means all of them together.
  if ("&" in fieldsOf(left)) return isValue(left, right, reader.packet);
  if (Array.isArray(right)) return or(right.map((one) => isElement(left, one, reader)));
  if (typeof right === "string" && right.startsWith("@")) {
    // Lists of addresses may be long, and who is on them does not matter.
    if (isSource(left)) return isFromNamed(reader.packet);
    return isElement(left, reader.elementsOf(right.slice(1)), reader);
  }
  const { set, elem, concat } = fieldsOf(right);
  if (set !== undefined) return isElement(left, [set].flat(), reader);
  if (elem !== undefined) return isElement(left, fieldsOf(elem).val, reader);
  const { concat: parts } = fieldsOf(left);
  if (Array.isArray(parts)) {
    if (!Array.isArray(concat)) return "maybe";
    return and(parts.map((part, index) => isElement(part, concat[index], reader)));
  }
  return isValue(left, right, reader.packet);
}

function isSource(left: unknown): boolean {
  return fieldsOf(fieldsOf(left).payload).field === "saddr";
}

function isValue(left: unknown, right: unknown, packet: Packet): Answer {
  if (isOfAnotherProtocol(left)) return "no";
  const { payload, meta, ct, fib, "&": masked } = fieldsOf(left);
  if (payload !== undefined) return isPayload(fieldsOf(payload), right, packet);
  if (meta !== undefined) return isMeta(String(fieldsOf(meta).key), right, packet);
  if (ct !== undefined) return isConnection(String(fieldsOf(ct).key), right, packet);
  if (fib !== undefined) return isRoute(String(fieldsOf(fib).result), right);
  if (Array.isArray(masked)) {
    const [field, mask] = masked;
    const of = fieldsOf(fieldsOf(field).payload);
    if (of.protocol === "tcp" && of.field === "flags") {
      return areFlags(words(mask), words(right), packet);
    }
  }
  return "maybe";
}

function isPayload(of: Record<string, unknown>, right: unknown, packet: Packet): Answer {
  switch (`${of.protocol} ${of.field}`) {
    case "tcp dport":
    case "th dport":
      return isNumber(packet.port, right);
    case "tcp sport":
    case "th sport": {
      const [from, to] = rangeOf(right);
      return from === undefined || to === undefined ? "maybe" : isSourcePort(from, to);
    }
    case "tcp flags":
      return answer(words(right).includes(packet.part === "first" ? "syn" : "ack"));
    case "ip saddr": {
      const { prefix } = fieldsOf(right);
      return fieldsOf(prefix).len === 0 ? "yes" : isFromNamed(packet);
    }
    case "ether saddr":
      return isFromNamed(packet);
    case "ip daddr": {
      const { prefix } = fieldsOf(right);
      const { addr, len } = fieldsOf(prefix);
      if (typeof right === "string") return isToOwn(right);
      return typeof addr === "string" ? isToOwn(`${addr}/${len}`) : "maybe";
    }
    case "ip protocol":
      return answer(right === "tcp" || right === 6);
    default:
      return "maybe";
  }
}

function isMeta(key: string, right: unknown, packet: Packet): Answer {
  switch (key) {
    case "l4proto":
      return answer(right === "tcp" || right === 6);
    case "nfproto":
      return answer(right === "ipv4" || right === 2);
    case "protocol":
      return answer(right === "ip");
    case "iifname":
    case "iif":
      return typeof right === "string" ? isNic(right, packet) : "maybe";
    case "oifname":
    case "oif":
      return "no";
    case "pkttype":
      return answer(right === "host" || right === "unicast");
    case "iiftype":
      return right === "loopback" ? "no" : "maybe";
    default:
      return "maybe";
  }
}

function isConnection(key: string, right: unknown, packet: Packet): Answer {
  switch (key) {
    case "state":
      return isInState(String(right), packet);
    case "direction":
      return answer(right === "original");
    case "status":
      if (/^(assured|seen-reply|confirmed)$/.test(String(right)) && packet.part === "later") {
        return "maybe";
      }
      return answer(!/^(dnat|snat|assured|seen-reply|dying)$/.test(String(right)));
    default:
      return "maybe";
  }
}

/** It is for this server, and the way back to its sender is there. */
function isRoute(result: string, right: unknown): Answer {
  if (result === "type") return answer(right === "local" || right === "unicast");
  return typeof right === "boolean" ? answer(right) : "maybe";
}

function isNumber(value: number, right: unknown): Answer {
  const [from, to] = rangeOf(right);
  return from === undefined || to === undefined ? "maybe" : answer(from <= value && value <= to);
}

function rangeOf(right: unknown): [number | undefined, number | undefined] {
  if (typeof right === "number") return [right, right];
  const range = z.tuple([z.number(), z.number()]).safeParse(fieldsOf(right).range);
  return range.success ? range.data : [undefined, undefined];
}

/** Flags are a name, a list of names, or joined: {"|": ["fin", "syn"]}. */
function words(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(words);
  return words(fieldsOf(value)["|"] ?? []);
}
