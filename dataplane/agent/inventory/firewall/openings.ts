/**
 * Whether the server's own firewall lets others in. What counts is what the kernel does now; firewalld, ufw and
 * scripts are only ways to tell it.
 */
import { readFile } from "node:fs/promises";
import { release } from "node:os";
import type { Inventory } from "#domain/inventory.ts";
import { runTool, type ToolRun } from "../../../run-tool.ts";
import { iptablesRuleSet } from "./iptables-rules.ts";
import { hasIptablesTables, type NftListing, nftRuleSet, parseNft } from "./nft-rules.ts";
import { type Fate, fatesOf, type Packet, type RuleSet } from "./packet-filter.ts";

type Openings = NonNullable<Inventory["openings"]>;

const ports: readonly (readonly [keyof Openings, number])[] = [
  ["ssh", 22],
  ["remoteDesktop", 3389],
];

/** The rules of one of the kernel's filters, or why they can't be read. */
type Reading = { readonly rulesFor: (packet: Packet) => RuleSet } | { readonly problem: string };

/** @param nics through which others come */
export async function readOpenings(
  nics: readonly string[],
): Promise<{ openings?: Openings; notSeen: string[] }> {
  if (nics.length === 0) {
    return { notSeen: ["whom the server's firewall lets in: no interface has an address"] };
  }
  const readings = [...(await readNftables()), await readLegacyIptables()];
  const problems = readings.flatMap((reading) => ("problem" in reading ? [reading.problem] : []));
  if (problems.length > 0) {
    return { notSeen: problems.map((problem) => `the server's firewall: ${problem}`) };
  }
  const openings: Openings = {};
  const notSeen: string[] = [];
  const filters = readings.flatMap((reading) => ("rulesFor" in reading ? [reading.rulesFor] : []));
  for (const [name, port] of ports) {
    const found = new Set(nics.map((nic) => isOpen(filters, port, nic)));
    const [first] = found;
    if (found.size === 1 && first !== undefined) openings[name] = first;
    else {
      const on = found.size > 1 ? "the interface" : "who comes";
      notSeen.push(`whether the server's firewall lets TCP ${port} in: it depends on ${on}`);
    }
  }
  return { openings, notSeen };
}

/** Undefined: it depends. */
function isOpen(
  filters: readonly ((packet: Packet) => RuleSet)[],
  port: number,
  nic: string,
): boolean | undefined {
  const fates = (from: Packet["from"]) =>
    through(
      filters.flatMap((rulesFor) =>
        (["first", "later"] as const).map((part) => fatesOf(rulesFor({ port, nic, part, from }))),
      ),
    );
  const ofStranger = fates("stranger");
  if (ofStranger.size === 1 && ofStranger.has("accept")) return true;
  const ofAnybody = fates("anybody");
  return ofAnybody.size === 1 && ofAnybody.has("drop") ? false : undefined;
}

/** One after the other, each packet: only what all of them accept is let in. */
function through(each: readonly Set<Fate>[]): Set<Fate> {
  const all = new Set(each.flatMap((fates) => [...fates]));
  if (each.every((fates) => fates.has("accept"))) return all.add("accept");
  all.delete("accept");
  return all;
}

async function readNftables(): Promise<Reading[]> {
  const run = await runTool("nft", ["-j", "list", "ruleset"]);
  if (run.status !== 0) return readNftablesOtherwise(run);
  let items: NftListing;
  try {
    items = parseNft(run.stdout);
  } catch (error) {
    return [{ problem: `what nft lists is not understood: ${problemOf(error)}` }];
  }
  const iptables = hasIptablesTables(items) ? await readIptables(nftSaves) : undefined;
  const withIptables = iptables === undefined;
  const native = { rulesFor: (packet: Packet) => nftRuleSet(items, packet, withIptables) };
  return iptables === undefined ? [native] : [native, iptables];
}

/** Without nft, or with one that knows no JSON: iptables tells its part, and whether there is another one. */
async function readNftablesOtherwise(failed: ToolRun): Promise<Reading[]> {
  if (failed.isInstalled) {
    const tables = await runTool("nft", ["list", "tables"]);
    if (tables.status !== 0) return [{ problem: failed.problem }];
    const names = tables.stdout.trim().split("\n");
    if (names[0] === "") return [];
    if (!names.every((name) => iptablesTable.test(name))) return [{ problem: failed.problem }];
    return [(await readIptables(nftSaves)) ?? { problem: failed.problem }];
  }
  if (await isAbsent("nf_tables")) return [];
  return [(await readIptables(["iptables-nft-save"])) ?? { problem: failed.problem }];
}

const nftSaves = ["iptables-nft-save", "iptables-save"];
const iptablesTable = /^table ip6? (filter|nat|mangle|raw|security)$/;

/** What iptables keeps in the kernel by itself, before and beside nftables. */
async function readLegacyIptables(): Promise<Reading> {
  const none: Reading = { rulesFor: () => ({ chains: new Map(), bases: [] }) };
  let tables: string;
  try {
    tables = await readFile("/proc/net/ip_tables_names", "utf8");
  } catch (error) {
    // There is no such file until iptables is used for the first time.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return none;
    return { problem: problemOf(error) };
  }
  if (tables.trim() === "") return none;
  const saved = await readIptables(["iptables-legacy-save", "iptables-save"]);
  return saved ?? { problem: "iptables-save is not installed" };
}

/** By the first of these that is installed. */
async function readIptables(commands: readonly string[]): Promise<Reading | undefined> {
  for (const command of commands) {
    const { status, stdout, isInstalled, problem } = await runTool(command, []);
    if (!isInstalled) continue;
    if (status !== 0) return { problem };
    // It says so in a comment where nftables has more than it can show.
    if (/^# Table .* is incompatible/m.test(stdout)) return { problem: "nft is not installed" };
    return { rulesFor: (packet) => iptablesRuleSet(stdout, packet) };
  }
  return undefined;
}

function problemOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}

/** Whether this part of the kernel is a module that is not loaded: then nobody made rules for it. */
async function isAbsent(module: string): Promise<boolean> {
  const loaded = await readFile("/proc/modules", "utf8").catch(() => undefined);
  if (loaded === undefined) return false;
  // Linux before 2.6.33 has no such list, and no nftables either.
  const builtIn = await readFile(`/lib/modules/${release()}/modules.builtin`, "utf8").catch(
    () => "",
  );
  return !new RegExp(`^${module} `, "m").test(loaded) && !builtIn.includes(`/${module}.ko`);
}
