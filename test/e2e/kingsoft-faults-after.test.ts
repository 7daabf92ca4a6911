import { afterEach, beforeEach, test } from "vitest";
import { startFakeKingsoft } from "../clouds/kingsoft/fake-kingsoft.ts";
import { failEachCall } from "./cloud-faults.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";
import { kingsoftFaults } from "./kingsoft-faults.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openCloudSite((machines) => startFakeKingsoft({ machines }));
}, 60_000);

afterEach(() => site.close());

test("whichever call to Kingsoft Cloud takes effect and its answer is lost, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "after", how: "cut" }, kingsoftFaults);
}, 900_000);
