import { expect, test } from "vitest";
import { momentOf, signatureOf } from "#test/clouds/zstack/signature.ts";
import { authorization, dateOf } from "./signature.ts";

/** ZStack publishes no vectors; this one was made with OpenSSL: `openssl dgst -sha1 -hmac testsecret -binary | base64`. */
const request = { method: "GET", date: "Tue, 01 Jul 2025 08:00:00 UTC", path: "/v1/zones" };
const key = { accessKeyId: "AK", accessKeySecret: "testsecret" };

test("a request is signed as ZStack's Java SDK signs it", () => {
  expect(authorization(request, key)).toBe("ZStack AK:MPGWjORhiMBNF+SbtFCrRun4F8Y=");
  expect(signatureOf(request.method, request.date, request.path, key.accessKeySecret)).toBe(
    "MPGWjORhiMBNF+SbtFCrRun4F8Y=",
  );
});

test("a date has English names, two digits and a zone, and says the moment", () => {
  const moment = new Date("2026-03-05T04:05:06.789Z");

  expect(dateOf(moment)).toBe("Thu, 05 Mar 2026 04:05:06 UTC");
  expect(momentOf(dateOf(moment))).toBe(moment.getTime() - 789);
});
