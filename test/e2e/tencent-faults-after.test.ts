import { afterEach, beforeEach, test } from "vitest";
import { failEachCall } from "./cloud-faults.ts";
import type { CloudSite } from "./cloud-site.ts";
import { openTencentSite, tencentFaults } from "./tencent-faults.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openTencentSite();
}, 60_000);

afterEach(() => site.close());

test("whichever call to Tencent takes effect and its answer is lost, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "after", how: "cut" }, tencentFaults);
}, 900_000);
