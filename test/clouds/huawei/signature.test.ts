import { expect, test } from "vitest";
import { parseAuthorization, sign } from "./signature.ts";

/** The vectors of huaweicloud-sdk-go-v3 v0.1.188, core/auth/signer/signer_test.go. */
const headers = { "x-sdk-date": "20060102T150405Z" };
const authorization = (signature: string) =>
  `SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=x-sdk-date, Signature=${signature}`;

test.each([
  {
    request: { method: "GET", url: "/path?limit=1", body: "" },
    published: "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624",
  },
  {
    request: { method: "POST", url: "/path?key=value", body: '{"Name":"test","Id":1}\n' },
    published: "cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59",
  },
])("$request.method of Huawei's own tests has the signature Huawei says", (vector) => {
  const by = parseAuthorization(authorization(vector.published));
  if (by === undefined) throw new Error("the header was not understood");

  expect(sign({ ...vector.request, headers }, by, "SecretKey")).toBe(vector.published);
});

test("a body that was changed on the way has another signature", () => {
  const by = parseAuthorization(authorization("00".repeat(32)));
  if (by === undefined) throw new Error("the header was not understood");
  const request = { method: "POST", url: "/path", headers, body: '{"os-start":{}}' };

  const changed = sign({ ...request, body: '{"os-stop":{}}' }, by, "SecretKey");

  expect(changed).not.toBe(sign(request, by, "SecretKey"));
});
