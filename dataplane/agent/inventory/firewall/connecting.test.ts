/**
 * What the agent says of a firewall against what happens to somebody who connects: two network namespaces with a
 * cable between them, rules by chance in one, a client in the other.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runTool } from "../../../run-tool.ts";

const path = `${process.env.PATH}:/usr/sbin:/sbin`;
const program = fileURLToPath(new URL("./openings.ts", import.meta.url));
const ports = [22, 3389];

async function obstacle(...tools: string[]): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "needs root, for network namespaces";
  for (const tool of tools) {
    if (!(await runTool(tool, ["--version"])).isInstalled) return `${tool} is not installed`;
  }
  return undefined;
}

const because = await obstacle("unshare", "ip", "nft", "iptables-legacy", "iptables-nft");

/** Listens at both ports. A line is a shell script that makes rules; the answer is what the agent says of them. */
const serverCode = `
  import { execFileSync } from "node:child_process";
  import { createServer } from "node:net";
  import { createInterface } from "node:readline";
  const { readOpenings } = await import(${JSON.stringify(program)});
  for (const port of ${JSON.stringify(ports)}) createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(port);
  for await (const line of createInterface({ input: process.stdin })) {
    execFileSync("sh", ["-euc", JSON.parse(line)], { stdio: ["ignore", "ignore", "pipe"] });
    console.log(JSON.stringify(await readOpenings(["eth0"])));
  }`;

/** A line is ignored; the answer is which ports could be connected to. */
const clientCode = `
  import { connect } from "node:net";
  import { createInterface } from "node:readline";
  const isOpen = (port) => new Promise((resolve) => {
    const socket = connect({ host: "10.9.0.1", port });
    const end = (open) => { socket.destroy(); resolve(open); };
    socket.setTimeout(250, () => end(false));
    // It must go on after its first packet.
    socket.on("connect", () => socket.write("hello"));
    socket.on("data", () => end(true));
    socket.on("error", () => end(false));
  });
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await Promise.all(${JSON.stringify(ports)}.map(isOpen))));
  }`;

interface Talker {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  /** One line there, one back. */
  readonly ask: (line: string) => Promise<string>;
}

/** In a network namespace of its own, after these commands. */
function start(commands: string, code: string): Talker {
  const script = `${commands}\nexec "$NODE" --input-type=module -e "$CODE"`;
  const child = spawn("unshare", ["--net", "sh", "-euc", script], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: path, LC_ALL: "C", NODE: process.execPath, CODE: code },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error("it ended without an answer");
      return value;
    },
  };
}

let server: Talker;
let client: Talker;
const make = async (commands: string) => JSON.parse(await server.ask(JSON.stringify(commands)));
const connectable = async (): Promise<boolean[]> => JSON.parse(await client.ask("try"));

beforeAll(async () => {
  if (because !== undefined) return;
  server = start("ip link set lo up", serverCode);
  await make("true");
  client = start(
    `ip link add c0 type veth peer name eth0 netns ${server.child.pid}
     ip addr add 10.9.0.2/24 dev c0
     ip link set c0 up`,
    clientCode,
  );
  // By its first answer the cable is there.
  await connectable();
  await make("ip addr add 10.9.0.1/24 dev eth0; ip link set eth0 up");
  while (!(await connectable()).every((isIn) => isIn));
});

afterAll(async () => {
  for (const talker of because === undefined ? [client, server] : []) talker.child.kill();
});

interface Condition {
  readonly nft: string;
  readonly iptables: string;
}

const conditions: Condition[] = [
  { nft: "tcp dport 22", iptables: "-p tcp --dport 22" },
  { nft: "tcp dport != 22", iptables: "-p tcp ! --dport 22" },
  { nft: "tcp dport 20-25", iptables: "-p tcp -m multiport --dports 20:25" },
  { nft: "tcp dport { 80, 3389 }", iptables: "-p tcp -m multiport --dports 80,3389" },
  { nft: "tcp dport >= 1024", iptables: "-p tcp --dport 1024:" },
  { nft: "tcp sport 1024-65535", iptables: "-p tcp --sport 1024:65535" },
  { nft: "udp dport != 53", iptables: "-p udp ! --dport 53" },
  { nft: "meta l4proto != udp", iptables: "! -p udp" },
  { nft: "ct state new", iptables: "-m state --state NEW" },
  { nft: "ct state established,related", iptables: "-m conntrack --ctstate RELATED,ESTABLISHED" },
  { nft: "ct state != new", iptables: "-m conntrack ! --ctstate NEW" },
  { nft: 'iifname "eth0"', iptables: "-i eth0" },
  { nft: 'iifname != "eth0"', iptables: "! -i eth0" },
  { nft: 'iifname { "lo", "eth*" }', iptables: "-i eth+" },
  { nft: "ip saddr 10.9.0.0/24", iptables: "-s 10.9.0.0/24" },
  { nft: "ip saddr != 10.9.0.2", iptables: "! -s 10.9.0.2" },
  { nft: "ip saddr 192.0.2.0/24", iptables: "-s 192.0.2.0/24" },
  { nft: "ip daddr 224.0.0.0/4", iptables: "-d 224.0.0.0/4" },
  { nft: "fib daddr type local", iptables: "-m addrtype --dst-type LOCAL" },
  {
    nft: "tcp flags & (fin|syn|rst|ack) == syn",
    iptables: "-p tcp --tcp-flags FIN,SYN,RST,ACK SYN",
  },
  {
    nft: "tcp flags & (fin|syn) == fin|syn",
    iptables: "-p tcp --tcp-flags FIN,SYN FIN,SYN",
  },
  { nft: "limit rate 1000/second", iptables: "-m limit --limit 1000/s" },
];

/** Chains by number: 0 is the base chain, and a chain calls only later ones. */
const rule = fc.record({
  conditions: fc.subarray(conditions, { maxLength: 2 }),
  verdict: fc.constantFrom("accept", "drop", "reject", "return", "jump", "goto", "log"),
  to: fc.nat({ max: 1 }),
});
const ruleSet = fc.record({
  policy: fc.constantFrom("accept", "drop"),
  chains: fc.tuple(
    fc.array(rule, { maxLength: 5 }),
    fc.array(rule, { maxLength: 3 }),
    fc.array(rule, { maxLength: 3 }),
  ),
});
type RuleSet = typeof ruleSet extends fc.Arbitrary<infer T> ? T : never;

function called(chain: number, to: number): number | undefined {
  return chain === 2 ? undefined : Math.min(2, chain + 1 + to);
}

function asNft({ policy, chains }: RuleSet): string {
  const lines = chains.map((rules, chain) => {
    const texts = rules.map(({ conditions: all, verdict, to }) => {
      const target = called(chain, to);
      const call = target === undefined ? "return" : `${verdict} c${target}`;
      const end = verdict === "jump" || verdict === "goto" ? call : verdict;
      // A base chain has nowhere to return to; it takes the policy, as in iptables.
      return [...all.map(({ nft }) => nft), end].join(" ");
    });
    const base = `type filter hook input priority 0; policy ${policy};\n`;
    return `chain c${chain} {\n${chain === 0 ? base : ""}${texts.join("\n")}\n}`;
  });
  // Later chains first, so that those who call them find them.
  return `nft -f - <<'END'\nflush ruleset\ntable inet t {\n${lines.toReversed().join("\n")}\n}\nEND`;
}

function asIptables(command: string, { policy, chains }: RuleSet): string {
  const lines = chains.flatMap((rules, chain) =>
    rules.map(({ conditions: all, verdict, to }) => {
      const target = called(chain, to);
      const call =
        target === undefined ? "-j RETURN" : `${verdict === "goto" ? "-g" : "-j"} c${target}`;
      const end = verdict === "jump" || verdict === "goto" ? call : `-j ${verdict.toUpperCase()}`;
      const name = chain === 0 ? "INPUT" : `c${chain}`;
      return ["-A", name, ...all.map(({ iptables }) => iptables), end].join(" ");
    }),
  );
  const heads = `*filter\n:INPUT ${policy.toUpperCase()} [0:0]\n:c1 - [0:0]\n:c2 - [0:0]`;
  return `${command}-restore <<'END'\n${heads}\n${lines.join("\n")}\nCOMMIT\nEND`;
}

describe.skipIf(because !== undefined)(
  `whether somebody gets in is as the agent says${because === undefined ? "" : ` (skipped: ${because})`}`,
  () => {
    test.each([
      ["nftables", asNft],
      ["iptables-nft", (rules: RuleSet) => asIptables("iptables-nft", rules)],
      ["iptables-legacy", (rules: RuleSet) => asIptables("iptables-legacy", rules)],
    ])(
      "whatever the rules of %s are (R-159, R-160)",
      { timeout: 300_000 },
      async (_name, asRules) => {
        let certain = 0;
        await fc.assert(
          fc.asyncProperty(ruleSet, async (rules) => {
            // What a case before this one left is no part of it, least of all connections that are known.
            await make(
              "nft flush ruleset; iptables-legacy -F; iptables-legacy -P INPUT ACCEPT; iptables-legacy -X",
            );
            // Two of the same protocol in one rule is more than iptables takes.
            fc.pre(rules.chains.flat().every(({ conditions: all }) => isTaken(all)));
            const { openings = {} } = await make(asRules(rules));
            const [ssh, desktop] = await connectable();

            for (const [said, isIn] of [
              [openings.ssh, ssh],
              [openings.remoteDesktop, desktop],
            ]) {
              // "Open" is for those whom no rule names.
              if (said === undefined || (said && isClientNamed(rules))) continue;
              certain += 1;
              expect(isIn).toBe(said);
            }
          }),
          { numRuns: 40 },
        );
        await make(
          "nft flush ruleset; iptables-legacy -F; iptables-legacy -P INPUT ACCEPT; iptables-legacy -X",
        );
        expect(certain).toBeGreaterThan(40);
      },
    );
  },
);

function isClientNamed({ chains }: RuleSet): boolean {
  return chains.flat().some(({ conditions: all }) => all.some(({ nft }) => nft.includes("10.9.0")));
}

function isTaken(all: readonly Condition[]): boolean {
  const options = all.flatMap(({ iptables }) =>
    iptables.split(" ").filter((word) => /^-+[pisd]$/.test(word)),
  );
  return new Set(options).size === options.length;
}
