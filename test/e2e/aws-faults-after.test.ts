import { afterEach, beforeEach, test } from "vitest";
import { failEachCall } from "./aws-faults.ts";
import { type AwsSite, openAwsSite } from "./aws-site.ts";

let site: AwsSite;

beforeEach(async () => {
  site = await openAwsSite();
}, 60_000);

afterEach(() => site.close());

test("whichever call to AWS takes effect and its answer is lost, a server gets there and back, nothing is made twice and nothing is left", async () => {
  await failEachCall(site, { when: "after", how: "cut" });
}, 900_000);
