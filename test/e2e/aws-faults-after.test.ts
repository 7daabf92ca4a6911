import { afterEach, beforeEach, test } from "vitest";
import { startFakeAws } from "../clouds/aws/fake-aws.ts";
import { awsFaults } from "./aws-faults.ts";
import { failEachCall } from "./cloud-faults.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite;

beforeEach(async () => {
  site = await openCloudSite((machines) => startFakeAws({ machines }));
}, 60_000);

afterEach(() => site.close());

test("whichever call to AWS takes effect and its answer is lost, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "after", how: "cut" }, awsFaults);
}, 900_000);
