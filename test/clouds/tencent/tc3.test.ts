import { expect, test } from "vitest";
import { parseAuthorization, sign } from "./tc3.ts";

/** The example of Tencent's own API guide, "Signature v3": DescribeInstances on 2019-02-25. */
const secretKey = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE";
const published = "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168";
const request = {
  contentType: "application/json; charset=utf-8",
  host: "cvm.tencentcloudapi.com",
  timestamp: "1551113065",
  body: String.raw`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`,
};
const authorization = `TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=${published}`;

function signer() {
  const by = parseAuthorization(authorization);
  if (by === undefined) throw new Error("the header was not understood");
  return by;
}

test("the request of Tencent's own example has the signature Tencent says", () => {
  expect(sign(request, signer(), secretKey)).toBe(published);
});

test("a body or host that was changed on the way has another signature", () => {
  const changed = [
    sign({ ...request, body: request.body.replace("1", "2") }, signer(), secretKey),
    sign({ ...request, host: "cbs.tencentcloudapi.com" }, signer(), secretKey),
    sign(request, signer(), `${secretKey}x`),
  ];

  for (const signature of changed) expect(signature).not.toBe(published);
});
