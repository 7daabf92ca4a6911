import { afterEach, beforeEach, test } from "vitest";
import { startFakeHuawei } from "../clouds/huawei/fake-huawei.ts";
import { failEachCall } from "./cloud-faults.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";
import { huaweiFaults } from "./huawei-faults.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openCloudSite((machines) => startFakeHuawei({ machines }));
}, 60_000);

afterEach(() => site.close());

test("whichever call to Huawei Cloud fails before it took effect, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "before", how: "error" }, huaweiFaults);
}, 900_000);
