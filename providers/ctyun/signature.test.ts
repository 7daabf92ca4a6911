import { expect, test } from "vitest";
import { authorization, encodeQuery, eopDate } from "./signature.ts";

/**
 * CTyun publishes no signature with its key. The request id, date and query are those of its page "认证鉴权"; the
 * signatures were computed apart from this code, by openssl, with a key made up for it.
 */
const keys = { accessKey: "testak", secretKey: "testsk" };
const request = { requestId: "27cfe4dc-e640-45f6-92ca-492ca73e8680", date: "20220525T160930Z" };

test.each([
  {
    sent: { query: "aa=1&bb=2", body: "" },
    signature: "gE7GMTNlBFqquJXXc1M8iY4pg4/0VItd6RA43F5Q+Pc=",
  },
  {
    sent: { query: "", body: '{"regionID":"r1"}' },
    signature: "ZJxzk4If497B7Ii+QiEs+KmaNcWXK9Kb1iQalRyKOx4=",
  },
])("what is sent as $sent is signed step by step as CTyun's page says", ({ sent, signature }) => {
  expect(authorization({ ...request, ...sent }, keys)).toBe(
    `testak Headers=ctyun-eop-request-id;eop-date Signature=${signature}`,
  );
});

test("the date is China's wherever the console runs, and changes day there", () => {
  expect(eopDate(new Date("2026-01-31T15:59:59Z"))).toBe("20260131T235959Z");
  expect(eopDate(new Date("2026-01-31T16:00:00Z"))).toBe("20260201T000000Z");
});

test("a query is sorted and encoded, and what has no value is not sent", () => {
  expect(encodeQuery({ queryContent: "云 a(b)*", pageNo: 1, azName: undefined })).toBe(
    "pageNo=1&queryContent=%E4%BA%91%20a%28b%29%2A",
  );
});
