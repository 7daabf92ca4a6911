/**
 * Whom a server's own firewall lets in: with real rules in a network namespace of the test's own, made by everything
 * people make them with.
 */
import { execFile, execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { iptablesRuleSet } from "./iptables-rules.ts";
import { nftRuleSet, parseNft } from "./nft-rules.ts";
import { fatesOf, type Packet } from "./packet-filter.ts";

const path = `${process.env.PATH}:/usr/sbin:/sbin`;
const program = fileURLToPath(new URL("./openings.ts", import.meta.url));

/** Why rules of this kind can't be made here. */
function obstacle(...tools: string[]): string | undefined {
  if (process.getuid?.() !== 0) return "needs root, for a network namespace";
  for (const tool of tools) {
    try {
      execFileSync("which", [tool], { env: { PATH: path }, stdio: "ignore" });
    } catch {
      return `${tool} is not installed`;
    }
  }
  return undefined;
}

function skippedBy(because: string | undefined): string {
  return because === undefined ? "" : ` (skipped: ${because})`;
}

/** What the agent sees in a namespace where these commands were run; mounts are the namespace's own too. */
async function look(commands: string, nics = ["eth0"]) {
  const code = `const { readOpenings } = await import(${JSON.stringify(program)});
    console.log("\\n" + JSON.stringify(await readOpenings(${JSON.stringify(nics)})));`;
  const script = `set -eu\n${commands}\nexec "$NODE" --input-type=module -e "$CODE"`;
  const { stdout } = await promisify(execFile)(
    "unshare",
    [
      "--net",
      "--mount",
      "--pid",
      "--fork",
      "--mount-proc",
      "--propagation=private",
      "sh",
      "-c",
      script,
    ],
    { env: { PATH: path, LC_ALL: "C", NODE: process.execPath, CODE: code } },
  );
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

const open = { openings: { ssh: true, remoteDesktop: true }, notSeen: [] };
const closed = { openings: { ssh: false, remoteDesktop: false }, notSeen: [] };
const onlySsh = { openings: { ssh: true, remoteDesktop: false }, notSeen: [] };

const table = (content: string) => `nft -f - <<'END'
table inet filter {
${content}
}
END`;
const input = (rules: string, policy = "drop") =>
  `chain input { type filter hook input priority 0; policy ${policy};\n${rules}\n}`;
const nft = (rules: string, policy?: "accept") => table(input(rules, policy));
const dependsOn = (what: string, port: number) =>
  `whether the server's firewall lets TCP ${port} in: it depends on ${what}`;

const noNft = obstacle("unshare", "nft");

describe.skipIf(noNft !== undefined)(`rules of nftables${skippedBy(noNft)}`, () => {
  test.each([
    ["there are no rules", "", open],
    ["all is dropped", nft(""), closed],
    [
      "what is new is let in at port 22",
      nft(`ct state vmap { established : accept, related : accept, invalid : drop }
      iifname "lo" accept
      meta l4proto icmp accept
      tcp dport 22 ct state new limit rate 10/minute accept
      reject with icmpx type admin-prohibited`),
      onlySsh,
    ],
    ["port 3389 is refused by name", nft("tcp dport 3389 reject", "accept"), onlySsh],
    [
      "a set of ports and ranges is let in",
      table(
        `set open { type inet_service; flags interval; elements = { 20-25, 80 }\n}\n` +
          input("tcp dport @open accept"),
      ),
      onlySsh,
    ],
    [
      "a map says what becomes of each port",
      nft("tcp dport vmap { 22 : accept, 3389 : drop, 8000-8080 : accept }", "accept"),
      onlySsh,
    ],
    [
      "a chain of its own decides, and comes back for the rest",
      table(
        `chain services { tcp dport != 22 return\naccept\n}\n` +
          input("meta l4proto tcp jump services\nudp dport 3389 accept"),
      ),
      onlySsh,
    ],
    [
      "a second table drops what the first let in",
      `${nft("accept")}\n${nft("tcp dport 22-23 drop", "accept").replace("inet filter", "ip late")}`,
      { openings: { ssh: false, remoteDesktop: true }, notSeen: [] },
    ],
    [
      "it drops before its own tables, in prerouting",
      `nft add table ip raw
     nft 'add chain ip raw pre { type filter hook prerouting priority -300; }'
     nft add rule ip raw pre tcp dport 3389 drop`,
      onlySsh,
    ],
    ["only IPv6 is filtered", nft("").replace("inet", "ip6"), open],
    [
      "some addresses are on a list to be dropped",
      table(
        "set banned { type ipv4_addr; elements = { 198.51.100.7 }\n}\n" +
          input(
            `ip saddr @banned drop
           tcp flags & (fin|syn|rst|ack) == fin|syn drop
           tcp flags & (fin|syn|rst|psh|ack|urg) == 0x0 drop
           tcp flags & (fin|syn|rst|ack) != syn ct state new drop
           tcp flags != syn ct state new drop
           ct state { invalid, untracked } drop
           fib saddr . iif oif missing drop
           ip saddr . tcp dport { 198.51.100.8 . 22, 198.51.100.9 . 3389 } drop
           meta iifname { "eth1", "wl*" } drop
           tcp sport 0-1023 drop
           ct status dnat drop
           udp dport != 53 drop
           icmp type != echo-request drop
           ip6 saddr != fd00::/8 drop
           iifname vmap { "lo" : accept, "eth7" : drop, * : continue }
           ip daddr 224.0.0.0/4 drop
           fib daddr type { broadcast, multicast } drop`,
            "accept",
          ),
      ),
      open,
    ],
    [
      "only some networks are let in",
      nft("ip saddr 10.0.0.0/8 tcp dport 22 accept"),
      {
        openings: { remoteDesktop: false },
        notSeen: [dependsOn("who comes", 22)],
      },
    ],
    [
      "a port is sent on to another one",
      `nft add table ip nat
     nft 'add chain ip nat pre { type nat hook prerouting priority -100; }'
     nft add rule ip nat pre tcp dport 22 redirect to :2222`,
      { openings: { remoteDesktop: true }, notSeen: [dependsOn("who comes", 22)] },
    ],
  ])("where %s, the agent says who gets in (R-159, R-160)", async (_title, commands, expected) => {
    expect(await look(commands)).toEqual(expected);
  });
});

/** As RHEL and CentOS 6 came. */
const centos6 = (iptables: string) =>
  [
    "INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT",
    "INPUT -p icmp -j ACCEPT",
    "INPUT -i lo -j ACCEPT",
    "INPUT -m state --state NEW -m tcp -p tcp --dport 22 -j ACCEPT",
    "INPUT -j REJECT --reject-with icmp-host-prohibited",
  ]
    .map((rule) => `${iptables} -A ${rule}`)
    .join("\n");

describe.each(["iptables-legacy", "iptables-nft"])("rules of %s", (iptables) => {
  const because = obstacle("unshare", "nft", iptables);
  const skipped = skippedBy(because);
  test.skipIf(because !== undefined)(
    `are understood like those of nftables (R-159)${skipped}`,
    async () => {
      expect(await look(centos6(iptables))).toEqual(onlySsh);
      expect(await look(`${iptables} -P INPUT DROP`)).toEqual(closed);
      expect(await look(`${iptables} -A INPUT -p udp --dport 53 -j DROP`)).toEqual(open);
      expect(
        await look(
          [
            `${iptables} -N guests`,
            `${iptables} -A guests -p tcp -m multiport --dports 80,443,3300:3400 -j DROP`,
            `${iptables} -A guests -s 203.0.113.0/24 -m comment --comment "--dport 22 \\"quoted\\"" -j DROP`,
            `${iptables} -A guests -p tcp -m tcp --tcp-flags FIN,SYN SYN -m limit --limit 3/min -j RETURN`,
            `${iptables} -A guests -j DROP`,
            `${iptables} -A INPUT ! -i eth1 -g guests`,
            `${iptables} -P INPUT DROP`,
            `${iptables} -A INPUT -p tcp --dport 22 -m recent --name ssh --set`,
            `${iptables} -A INPUT -p tcp --dport 22 -m recent --name ssh --update --seconds 60 --hitcount 4 -j DROP`,
            `${iptables} -A INPUT -p tcp --dport 22 -j ACCEPT`,
          ].join("\n"),
        ),
      ).toEqual({ openings: { ssh: false, remoteDesktop: false }, notSeen: [] });
      expect(await look(`${iptables} -A INPUT ! -s 10.0.0.0/8 -p tcp --dport 22 -j DROP`)).toEqual({
        openings: { remoteDesktop: true },
        notSeen: [dependsOn("who comes", 22)],
      });
      expect(
        await look(`${iptables} -A INPUT -i eth1 -p tcp --dport 22 -j DROP`, ["eth0", "eth1"]),
      ).toEqual({ openings: { remoteDesktop: true }, notSeen: [dependsOn("the interface", 22)] });
    },
  );

  test.skipIf(because !== undefined)(
    `and nftables beside them must both let in (R-159)${skipped}`,
    async () => {
      expect(await look(`${centos6(iptables)}\n${nft("tcp dport { 22, 3389 } accept")}`)).toEqual(
        onlySsh,
      );
      expect(await look(`${centos6(iptables)}\n${nft("tcp dport 3389 accept")}`)).toEqual(closed);
    },
  );
});

describe("a firewall's own program", () => {
  const noUfw = obstacle("unshare", "ufw", "nft");
  test.skipIf(noUfw !== undefined)(
    `ufw lets in what it was told to (R-159, R-160)${skippedBy(noUfw)}`,
    async () => {
      // It keeps its settings in files, which must not be those of the system the test runs on.
      const own =
        "mount -t tmpfs own /mnt; cp -a /etc/ufw /mnt/ufw; cp -a /etc/default /mnt/default; " +
        "mount --bind /mnt/ufw /etc/ufw; mount --bind /mnt/default /etc/default";
      const enable = "ufw --force enable >/dev/null 2>&1";

      expect(await look(`${own}\n${enable}`)).toEqual(closed);
      expect(await look(`${own}\n${enable}\nufw allow OpenSSH || ufw allow 22/tcp`)).toEqual(
        onlySsh,
      );
      expect(await look(`${own}\n${enable}\nufw limit 22/tcp; ufw allow 3389`)).toEqual(open);
      expect(await look(`${own}\n${enable}\nufw default allow; ufw deny 3389/tcp`)).toEqual(
        onlySsh,
      );
    },
  );

  test("firewalld lets in what its public zone does (R-159, R-160)", async () => {
    // As firewalld 1.3.3 made them for its default zone, kept from Debian 12.
    const file = new URL("./firewalld-rules.jsonl", import.meta.url);
    const lines = (await readFile(file, "utf8")).trim().split("\n");
    const fates = (kept: readonly string[], port: number) => {
      const items = parseNft(`{"nftables":[${kept.join(",")}]}`);
      const packet: Packet = { port, nic: "eth0", part: "first", from: "anybody" };
      return [...fatesOf(nftRuleSet(items, packet, true))];
    };

    expect(fates(lines, 22)).toEqual(["accept"]);
    expect(fates(lines, 3389)).toEqual(["drop"]);
    const withoutSsh = lines.filter(
      (line) => !/"dport"\}\}, ?"right": ?22\b|"dport"}},"right":22\b/.test(line),
    );
    expect(withoutSsh).toHaveLength(lines.length - 1);
    expect(fates(withoutSsh, 22)).toEqual(["drop"]);
  });
});

test("what is not understood makes it depend, and never a false answer", () => {
  const fates = (rules: string, from: Packet["from"] = "stranger") =>
    [...fatesOf(iptablesRuleSet(rules, { port: 22, nic: "eth0", part: "first", from }))].sort();
  const save = (...rules: string[]) =>
    ["*filter", ":INPUT DROP [0:0]", ...rules, "COMMIT"].join("\n");

  expect(fates(save("-A INPUT -m geoip --source-country DE -j ACCEPT"))).toEqual([
    "accept",
    "drop",
  ]);
  expect(fates(save("-A INPUT -m time --timestart 08:00:00 -j ACCEPT"))).toEqual([
    "accept",
    "drop",
  ]);
  expect(fates(save("-A INPUT -j SOMETHING_NEW", "-A INPUT -j ACCEPT"))).toEqual([
    "accept",
    "drop",
  ]);
  expect(fates(save("-A INPUT -p tcp -j NFQUEUE --queue-num 0", "-A INPUT -j ACCEPT"))).toEqual([
    "accept",
    "drop",
  ]);
  expect(fates(save("[4:240] -A INPUT -s 0.0.0.0/0 -p tcp --dport 22 -j ACCEPT"))).toEqual([
    "accept",
  ]);
  expect(fates(save("-A INPUT -m set --match-set friends src -j ACCEPT"))).toEqual(["drop"]);
  expect(fates(save("-A INPUT -m set --match-set friends src -j ACCEPT"), "anybody")).toEqual([
    "accept",
    "drop",
  ]);
});
