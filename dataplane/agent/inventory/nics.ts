import { z } from "zod";
import type { Inventory } from "#domain/inventory.ts";
import { runTool } from "../../run-tool.ts";

type Nic = Inventory["nics"][number];

const ipOutput = z.array(
  z.object({
    ifname: z.string().optional(),
    link_type: z.string().optional(),
    address: z.string().optional(),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
    addr_info: z
      .array(
        z.object({
          local: z.string().optional(),
          prefixlen: z.number().optional(),
          scope: z.string().optional(),
          dynamic: z.boolean().optional(),
        }),
      )
      .default([]),
  }),
);

/** Kinds that only lead somewhere else on the same server. A bond or bridge may carry its address. */
const inner = new Set(["veth", "ifb", "dummy", "tun", "vxlan", "gre", "sit", "ipip", "wireguard"]);

/** `ip -json -details addr`: Ethernet interfaces with their global addresses in CIDR form. */
export function parseIpAddr(text: string): Nic[] {
  return ipOutput.parse(JSON.parse(text)).flatMap((link): Nic[] => {
    const { ifname, address, linkinfo } = link;
    if (ifname === undefined || address === undefined || link.link_type !== "ether") return [];
    if (inner.has(linkinfo?.info_kind ?? "")) return [];
    const global = link.addr_info.filter(
      (entry) => entry.scope === "global" && entry.local !== undefined,
    );
    const dhcp = global.some((entry) => entry.dynamic === true);
    const addresses = global.map((entry) => `${entry.local}/${entry.prefixlen}`);
    return [{ name: ifname, mac: address, addresses, ...(global.length === 0 ? {} : { dhcp }) }];
  });
}

export async function readNics(): Promise<{ nics: Nic[]; notSeen: string[] }> {
  const run = await runTool("ip", ["-json", "-details", "addr"]);
  if (run.status === 0) return { nics: parseIpAddr(run.stdout), notSeen: [] };
  const problem = run.status === undefined ? "ip (iproute2) is not installed" : run.stderr.trim();
  return { nics: [], notSeen: [`the network: ${problem}`] };
}
