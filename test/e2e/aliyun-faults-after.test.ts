import { afterEach, beforeEach, test } from "vitest";
import { startFakeAliyun } from "../clouds/aliyun/fake-aliyun.ts";
import { aliyunFaults } from "./aliyun-faults.ts";
import { failEachCall } from "./cloud-faults.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openCloudSite((machines) => startFakeAliyun({ machines }));
}, 60_000);

afterEach(() => site.close());

test("whichever call to Alibaba Cloud takes effect and its answer is lost, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "after", how: "cut" }, aliyunFaults);
}, 900_000);
