import { expect, test } from "vitest";
import { parseAuthorization, sign } from "./sigv4.ts";

/** The vectors of AWS's Signature Version 4 test suite: aws-sig-v4-test-suite, get-vanilla and post-vanilla. */
const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const headers = { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z" };
const authorization = (signature: string) =>
  `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`;

test.each([
  ["GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
  ["POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
])("%s of AWS's own test suite has the signature AWS says", (method, published) => {
  const by = parseAuthorization(authorization(published));
  if (by === undefined) throw new Error("the header was not understood");

  expect(sign({ method, url: "/", headers, body: "" }, by, secretAccessKey)).toBe(published);
});

test("a body that was changed on the way has another signature", () => {
  const by = parseAuthorization(authorization("00".repeat(32)));
  if (by === undefined) throw new Error("the header was not understood");
  const request = { method: "POST", url: "/", headers, body: "Action=RunInstances" };

  const changed = sign({ ...request, body: "Action=StopInstances" }, by, secretAccessKey);

  expect(changed).not.toBe(sign(request, by, secretAccessKey));
});
