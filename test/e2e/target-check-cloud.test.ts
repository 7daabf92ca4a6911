/** The deep check of a cloud's account: what it is told that the quick check is not, and that nothing stays. */
import { afterEach, expect, test } from "vitest";
import type { RunDetails } from "#api/runs.ts";
import { startFakeAliyun } from "../clouds/aliyun/fake-aliyun.ts";
import { startFakeAws } from "../clouds/aws/fake-aws.ts";
import { startFakeAzure } from "../clouds/azure/fake-azure.ts";
import { startFakeCtyun } from "../clouds/ctyun/fake-ctyun.ts";
import type { FakeCloud } from "../clouds/fake-cloud.ts";
import { startFakeHuawei } from "../clouds/huawei/fake-huawei.ts";
import { startFakeKingsoft } from "../clouds/kingsoft/fake-kingsoft.ts";
import type { Machines } from "../clouds/machines.ts";
import { startFakeOpenstack } from "../clouds/openstack/fake-openstack.ts";
import { startFakeQingcloud } from "../clouds/qingcloud/fake-qingcloud.ts";
import { type FakeTencent, startFakeTencent } from "../clouds/tencent/fake-tencent.ts";
import { startFakeUCloud } from "../clouds/ucloud/fake-ucloud.ts";
import { startFakeZstack } from "../clouds/zstack/fake-zstack.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite;
let tencent: CloudSite<FakeTencent>;

afterEach(() => site.close());

async function open(): Promise<void> {
  tencent = await openCloudSite((machines) => startFakeTencent({ machines }));
  site = tencent;
}

const clouds: Record<string, (machines: Machines) => Promise<FakeCloud>> = {
  aliyun: (machines) => startFakeAliyun({ machines }),
  aws: (machines) => startFakeAws({ machines }),
  azure: (machines) => startFakeAzure({ machines }),
  ctyun: (machines) => startFakeCtyun({ machines }),
  huawei: (machines) => startFakeHuawei({ machines }),
  kingsoft: (machines) => startFakeKingsoft({ machines }),
  openstack: (machines) => startFakeOpenstack({ machines }),
  qingcloud: (machines) => startFakeQingcloud({ machines }),
  ucloud: (machines) => startFakeUCloud({ machines }),
  zstack: (machines) => startFakeZstack({ machines }),
};

interface Checked {
  readonly id: string;
  readonly state: string;
  readonly error?: { code: string; params: object };
  readonly results: Record<string, string>;
  readonly checked: NonNullable<RunDetails["checked"]>;
}

async function check(): Promise<Checked> {
  const { operator, targetId } = site;
  const path = `/v1/targets/${targetId}/deep-check`;
  const { id } = await operator.call<{ id: string }>("POST", path);
  const run = await operator.ended(id);
  const { checked = [] } = run as unknown as RunDetails;
  const results = Object.fromEntries(checked.map(({ part, result }) => [part, result]));
  return { ...run, results, checked };
}

/** A check, while the account refuses the action once the check's volume is there. */
async function checkRefused(action: string): Promise<Checked> {
  const { calls, account } = tencent.cloud;
  const from = calls.made.length;
  const isMade = () => calls.made.slice(from).some((call) => call.action === "CreateDisks");
  // The quick check asks for most permissions; here they are withdrawn behind its back.
  const has = (asked: string) => asked === action && (action === "CreateDisks" || isMade());
  const withdrawn = Object.assign(new Set<string>(), { has });
  const { denied } = account;
  Object.assign(account, { denied: withdrawn });
  try {
    return await check();
  } finally {
    Object.assign(account, { denied });
  }
}

async function openEntries(owner: string): Promise<string[]> {
  const entries: string[] = [];
  for await (const { kind, state } of site.standalone.deps.store.resources.all(owner)) {
    if (state !== "gone") entries.push(`${kind} ${state}`);
  }
  return entries;
}

test.each(Object.keys(clouds))(
  "%s: without a gateway a check proves what it can, and nothing is left",
  async (platform) => {
    site = await openCloudSite(clouds[platform] as (machines: Machines) => Promise<FakeCloud>);
    const { snapshotsAfterAttachOnly = false } = await site.provider.capabilities();

    const checked = await check();

    expect(checked.state, JSON.stringify(checked.error)).toBe("succeeded");
    expect(checked.results).toEqual({
      ...{ credentials: "proved", "gateway-size": "proved", create: "proved" },
      ...{ attach: "not-tried", device: "not-tried", detach: "not-tried" },
      ...{ snapshot: snapshotsAfterAttachOnly ? "not-tried" : "proved" },
      ...{ delete: "proved", empty: "proved" },
    });
    expect(Object.values(site.cloud.inventory())).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await openEntries(checked.id)).toEqual([]);
  },
  120_000,
);

test("without a gateway, each call that the account refuses is named, and nothing is left", async () => {
  await open();
  const { cloud, operator, targetId } = site;
  const plan = await operator.call("GET", `/v1/targets/${targetId}/deep-check`);

  const well = await check();
  const refused = new Map<string, Checked>();
  for (const action of ["CreateDisks", "CreateSnapshot"]) {
    refused.set(action, await checkRefused(action));
  }

  expect(plan).toMatchObject({ volumeBytes: 10 * 1024 ** 3, snapshot: true });
  expect(plan).not.toHaveProperty("gatewayId");
  expect(well).toMatchObject({ state: "succeeded", results: { attach: "not-tried" } });
  expect(well.checked.find(({ part }) => part === "gateway-size")?.text).toContain("4 vCPU");
  expect(refused.get("CreateDisks")).toMatchObject({
    ...{ state: "failed", error: { code: "cloud.forbidden" } },
    results: { credentials: "proved", create: "failed", snapshot: "not-tried", empty: "proved" },
  });
  expect(refused.get("CreateSnapshot")).toMatchObject({
    ...{ state: "failed", error: { code: "cloud.forbidden" } },
    results: { create: "proved", snapshot: "failed", delete: "proved", empty: "proved" },
  });
  expect(Object.values(cloud.inventory())).toEqual([0, 0, 0, 0, 0, 0]);
  for (const { id } of [well, ...refused.values()]) expect(await openEntries(id)).toEqual([]);
}, 180_000);

test("with a gateway, each call of a check fails once, before and after it took effect; then hanging is refused; each time nothing is left beside the replica", async () => {
  await open();
  const { operator, serverId, targetId, cloud } = site;
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
  const before = cloud.inventory();
  const { calls } = cloud;
  const from = calls.made.length;
  const well = await check();
  const changing = /^(Create|Attach|Detach|Delete|Terminate)/;
  const actions = new Set(
    calls.made.slice(from).flatMap(({ action }) => (changing.test(action) ? [action] : [])),
  );

  const seen: Checked[] = [];
  for (const when of ["before", "after"] as const) {
    calls.fail(...[...actions].map((action) => ({ action, nth: 1, when, how: "cut" as const })));
    seen.push(await check());
    calls.recover();
    expect(cloud.inventory(), when).toEqual(before);
  }
  const refused = await checkRefused("AttachDisks");

  expect(well.results).toEqual({
    ...{ credentials: "proved", "gateway-size": "proved", create: "proved", attach: "proved" },
    ...{ device: "proved", detach: "proved", snapshot: "proved", delete: "proved" },
    empty: "proved",
  });
  expect(actions.size).toBeGreaterThanOrEqual(6);
  for (const { results } of seen) expect(results).toEqual(well.results);
  expect(refused).toMatchObject({
    ...{ state: "failed", error: { code: "cloud.forbidden" } },
    results: { create: "proved", attach: "failed", device: "not-tried", empty: "proved" },
  });
  expect(cloud.inventory()).toEqual(before);
  for (const { id } of [well, ...seen, refused]) expect(await openEntries(id)).toEqual([]);
  await operator.succeeded(await operator.start(serverId, "clean-up"));
}, 300_000);
