import { expect, test } from "vitest";
import { authorization, encodeQuery } from "./signature.ts";

/** The vectors of huaweicloud-sdk-go-v3 v0.1.188, core/auth/signer/signer_test.go. */
const keys = { accessKeyId: "AccessKey", secretAccessKey: "SecretKey" };
const date = "20060102T150405Z";
const path = "/path";

test.each([
  {
    request: { method: "GET", path, query: [["limit", "1"]], body: "" },
    published: "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624",
  },
  {
    request: { method: "POST", path, query: [["key", "value"]], body: '{"Name":"test","Id":1}\n' },
    published: "cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59",
  },
] as const)("$request.method of Huawei's own tests has the signature Huawei says", (vector) => {
  const signed = authorization({ ...vector.request, headers: { "x-sdk-date": date } }, keys, date);

  expect(signed).toBe(
    `SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=x-sdk-date, Signature=${vector.published}`,
  );
});

test("a query is encoded and sorted as Huawei's own tests say", () => {
  const query = encodeQuery([
    ["limit", "1"],
    ["enable", "true"],
    ["test", "一 (&=?!#%.*)"],
    ["path", "/tmp/123"],
    ["multi", "3"],
    ["multi", "1"],
    ["multi", "2"],
  ]);

  expect(query).toBe(
    "enable=true&limit=1&multi=1&multi=2&multi=3&path=%2Ftmp%2F123&test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29",
  );
});
