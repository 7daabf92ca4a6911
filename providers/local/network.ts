/**
 * This machine has no network of its own to guard: a security group is only remembered, and refuses to
 * be deleted while an instance names it, so that an order of deletion that clouds refuse is found here.
 */
import { join } from "node:path";
import { z } from "zod";
import type { Provider } from "../provider.ts";
import type { LocalConfig } from "./config.ts";
import { notFound, wrongState } from "./errors.ts";
import { instanceRecord } from "./instances.ts";
import { oneAtATime, openRecords, recordBase } from "./records.ts";

const groupRecord = recordBase.extend({
  rules: z.array(z.object({ port: z.number(), from: z.array(z.string()) })),
});

export async function openNetwork(config: LocalConfig) {
  const groups = await openRecords(join(config.folder, "security-groups"), "sgr", groupRecord);
  const instances = await openRecords(join(config.folder, "instances"), "ins", instanceRecord);

  const api: Provider["network"] = {
    ensureSecurityGroup({ token, tags, rules }) {
      return oneAtATime(config.folder, async () => {
        const plain = rules.map(({ port, from }) => ({ port, from: [...from] }));
        const group = await groups.claim(token, (base) => ({ ...base, token, tags, rules: plain }));
        await groups.write({ ...group, rules: plain });
        return { id: group.id };
      });
    },

    deleteSecurityGroup(id) {
      return oneAtATime(config.folder, async () => {
        const user = (await instances.list()).find((instance) => instance.securityGroupId === id);
        if (user !== undefined) throw wrongState("security group", id, `used by ${user.id}`);
        await groups.remove(id);
      });
    },

    async ensureAddress({ instanceId }) {
      if ((await instances.find(instanceId)) === undefined) throw notFound("instance", instanceId);
      return undefined;
    },

    async releaseAddress() {
      // There is none to release.
    },
  };

  return { api, groups };
}
