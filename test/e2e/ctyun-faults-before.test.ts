import { afterEach, beforeEach, test } from "vitest";
import { startFakeCtyun } from "../clouds/ctyun/fake-ctyun.ts";
import { failEachCall } from "./cloud-faults.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";
import { ctyunFaults } from "./ctyun-faults.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openCloudSite((machines) => startFakeCtyun({ machines }));
}, 60_000);

afterEach(() => site.close());

test("whichever call to CTyun fails before it took effect, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "before", how: "error" }, ctyunFaults);
}, 900_000);
