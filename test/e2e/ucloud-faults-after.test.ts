import { afterEach, beforeEach, test } from "vitest";
import { startFakeUCloud } from "../clouds/ucloud/fake-ucloud.ts";
import { failEachCall } from "./cloud-faults.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";
import { ucloudFaults } from "./ucloud-faults.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openCloudSite((machines) => startFakeUCloud({ machines }));
}, 60_000);

afterEach(() => site.close());

test("whichever call to UCloud takes effect and its answer is lost, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "after", how: "cut" }, ucloudFaults);
}, 900_000);
