import { afterEach, beforeEach, test } from "vitest";
import { startFakeOpenstack } from "../clouds/openstack/fake-openstack.ts";
import { failEachCall } from "./cloud-faults.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";
import { openstackFaults } from "./openstack-faults.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openCloudSite((machines) => startFakeOpenstack({ machines }));
}, 60_000);

afterEach(() => site.close());

test("whichever call to OpenStack fails before it took effect, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "before", how: "error" }, openstackFaults);
}, 900_000);
