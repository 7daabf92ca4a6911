import { afterEach, beforeEach, test } from "vitest";
import { startFakeAzure } from "../clouds/azure/fake-azure.ts";
import { azureFaults } from "./azure-faults.ts";
import { failEachCall } from "./cloud-faults.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openCloudSite((machines) => startFakeAzure({ machines }));
}, 60_000);

afterEach(() => site.close());

test("whichever call to Azure fails before it took effect, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "before", how: "error" }, azureFaults);
}, 900_000);
