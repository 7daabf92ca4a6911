import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFakeAliyun } from "#test/clouds/aliyun/fake-aliyun.ts";
import { startFakeAws } from "#test/clouds/aws/fake-aws.ts";
import { startFakeAzure } from "#test/clouds/azure/fake-azure.ts";
import { startFakeCtyun } from "#test/clouds/ctyun/fake-ctyun.ts";
import type { FakeCloud } from "#test/clouds/fake-cloud.ts";
import { startFakeHuawei } from "#test/clouds/huawei/fake-huawei.ts";
import { startFakeKingsoft } from "#test/clouds/kingsoft/fake-kingsoft.ts";
import { startFakeOpenstack } from "#test/clouds/openstack/fake-openstack.ts";
import { startFakeQingcloud } from "#test/clouds/qingcloud/fake-qingcloud.ts";
import { startFakeTencent } from "#test/clouds/tencent/fake-tencent.ts";
import { startFakeUCloud } from "#test/clouds/ucloud/fake-ucloud.ts";
import { startFakeZstack } from "#test/clouds/zstack/fake-zstack.ts";
import { bundle, root } from "./bundle.ts";

let folder: string;
let openProvider: typeof import("#providers/registry.ts").openProvider;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-bundle-"));
  const contents = `export { openProvider } from "./providers/registry.ts";`;
  await bundle({ contents, resolveDir: root }, folder);
  ({ openProvider } = await import(pathToFileURL(join(folder, "index.mjs")).href));
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["aliyun", startFakeAliyun],
  ["aws", startFakeAws],
  ["azure", startFakeAzure],
  ["ctyun", startFakeCtyun],
  ["huawei", startFakeHuawei],
  ["kingsoft", startFakeKingsoft],
  ["openstack", startFakeOpenstack],
  ["qingcloud", startFakeQingcloud],
  ["tencent", startFakeTencent],
  ["zstack", startFakeZstack],
  ["ucloud", startFakeUCloud],
] as [string, () => Promise<FakeCloud>][])(
  "a target of %s answers to a Lambda's code as it does to ours",
  async (_platform, startCloud) => {
    const cloud = await startCloud();
    const { platform, config, credentials } = cloud.target;

    const provider = await openProvider(platform, {
      ...{ config, secrets: credentials, consoleId: "a-bundled-console" },
    });
    await provider.check();

    expect(cloud.calls.made.length).toBeGreaterThan(3);
    expect(await provider.listOwned()).toEqual([]);
    await cloud.close();
  },
);
