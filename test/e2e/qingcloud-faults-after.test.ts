import { afterEach, beforeEach, test } from "vitest";
import { startFakeQingcloud } from "../clouds/qingcloud/fake-qingcloud.ts";
import { failEachCall } from "./cloud-faults.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";
import { qingcloudFaults } from "./qingcloud-faults.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openCloudSite((machines) => startFakeQingcloud({ machines }));
}, 60_000);

afterEach(() => site.close());

test("whichever call to QingCloud takes effect and its answer is lost, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "after", how: "cut" }, qingcloudFaults);
}, 900_000);
