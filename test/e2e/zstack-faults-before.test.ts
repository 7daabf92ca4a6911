import { afterEach, beforeEach, test } from "vitest";
import { startFakeZstack } from "../clouds/zstack/fake-zstack.ts";
import { failEachCall } from "./cloud-faults.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";
import { zstackFaults } from "./zstack-faults.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openCloudSite((machines) => startFakeZstack({ machines }));
}, 60_000);

afterEach(() => site.close());

test("whichever call to ZStack fails before it took effect, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "before", how: "error" }, zstackFaults);
}, 900_000);
