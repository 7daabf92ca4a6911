import { describe, expect, test } from "vitest";
import { faultOf, inCloudTerms, isAmbiguous, isDuplicate, isNotFound } from "./errors.ts";
import { OpenstackRefusal, refusalOf } from "./refusal.ts";

const refusal = (status: number, code: string, message: string, retryAfter?: number) =>
  new OpenstackRefusal("ShowServer", status, code, message, retryAfter);

/** As the services word them; sources beside the meanings in errors.ts. */
test.each([
  [429, "overLimit", "This request was rate-limited.", 1, "cloud.throttled"],
  [413, "overLimit", "This request was rate-limited.", 5, "cloud.throttled"],
  [
    413,
    "overLimit",
    "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded",
    0,
    "cloud.quota-exceeded",
  ],
  [
    413,
    "overLimit",
    "VolumeSizeExceedsAvailableQuota: Requested volume exceeds allowed gigabytes quota",
    0,
    "cloud.quota-exceeded",
  ],
  [413, "", "Request Entity Too Large", undefined, "cloud.quota-exceeded"],
  [403, "forbidden", "Quota exceeded for cores: Requested 4", undefined, "cloud.quota-exceeded"],
  [
    403,
    "forbidden",
    "The maximum allowed number of disk devices",
    undefined,
    "cloud.quota-exceeded",
  ],
  [
    409,
    "OverQuota",
    "Quota exceeded for resources: ['floatingip'].",
    undefined,
    "cloud.quota-exceeded",
  ],
  [
    409,
    "IpAddressGenerationFailure",
    "No more IP addresses available",
    undefined,
    "cloud.capacity",
  ],
  [409, "IpAddressAlreadyAllocated", "IP address 10.0.0.5 already", undefined, "cloud.refused"],
  [409, "SecurityGroupInUse", "Security Group x in use.", undefined, "cloud.transient"],
  [
    409,
    "conflictingRequest",
    "Cannot 'stop' instance x while it is in task_state spawning",
    undefined,
    "cloud.transient",
  ],
  [409, "conflictingRequest", "Instance x is locked", undefined, "cloud.wrong-state"],
  [404, "itemNotFound", "Volume x could not be found.", undefined, "cloud.not-found"],
  [400, "badRequest", "Invalid flavorRef provided.", undefined, "cloud.not-found"],
  [400, "badRequest", "Invalid volume: volume x already attached", undefined, "cloud.wrong-state"],
  [400, "badRequest", "Invalid volume: Volume status must be x", undefined, "cloud.wrong-state"],
  [400, "badRequest", "Block Device x is not bootable.", undefined, "cloud.refused"],
  [
    403,
    "forbidden",
    "Only volume-backed servers are allowed for flavors with zero disk.",
    undefined,
    "cloud.refused",
  ],
  [
    403,
    "forbidden",
    "Policy doesn't allow volume:create to be performed.",
    undefined,
    "cloud.forbidden",
  ],
  [406, "computeFault", "Version 2.99 is not supported", undefined, "cloud.refused"],
  [401, "Unauthorized", "requires authentication", undefined, "cloud.credentials"],
  [500, "computeFault", "Unexpected API Error.", undefined, "cloud.transient"],
  [503, "", "No server is available", undefined, "cloud.transient"],
  [501, "notImplemented", "Unable to get console", undefined, "cloud.refused"],
  [418, "", "teapot", undefined, "cloud.unexpected"],
] as const)("%i %s (%s), Retry-After %s, means %s", (status, code, message, after, meaning) => {
  const error = inCloudTerms(refusal(status, code, message, after), "volumes.createVolume");

  expect(error.code).toBe(meaning);
});

test("a missing permission is named as the cloud's policy names it", () => {
  const of = (message: string) =>
    inCloudTerms(refusal(403, "forbidden", message), "compute.launch").params;

  expect(of("Policy doesn't allow os_compute_api:servers:create to be performed.")).toMatchObject({
    action: "os_compute_api:servers:create",
  });
  expect(of("(rule:create_port and rule:x) is disallowed by policy")).toMatchObject({
    action: "create_port",
  });
});

test("a server that came to nothing tells whether there was no room", () => {
  expect(faultOf("x", "No valid host was found.").code).toBe("cloud.capacity");
  expect(faultOf("x", "Exceeded maximum number of retries").code).toBe("cloud.quota-exceeded");
  expect(faultOf("x", "Block Device Mapping is Invalid.").code).toBe("cloud.wrong-state");
});

describe("whether an order took effect", () => {
  test("is unknown when the line broke or the cloud failed", () => {
    const cut = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });

    expect(isAmbiguous(cut)).toBe(true);
    expect(isAmbiguous(refusal(500, "", ""))).toBe(true);
    expect(inCloudTerms(cut, "check").code).toBe("cloud.transient");
  });

  test("is known when it was refused, or was there before", () => {
    expect(isAmbiguous(refusal(400, "badRequest", ""))).toBe(false);
    expect(isNotFound(refusal(404, "itemNotFound", ""))).toBe(true);
    expect(isDuplicate(refusal(409, "SecurityGroupRuleExists", ""))).toBe(true);
    expect(isDuplicate(refusal(409, "OverQuota", ""))).toBe(false);
  });
});

test("a certificate nobody vouches for is told with the way out, and it is no passing trouble", () => {
  const error = Object.assign(new Error("self-signed certificate"), {
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  });

  expect(inCloudTerms(error, "check")).toMatchObject({ code: "cloud.refused" });
  expect(inCloudTerms(error, "check").message).toContain("caCertificates");
});

const answered = (body: unknown, text = JSON.stringify(body)) =>
  refusalOf("ShowServer", { status: 400, headers: {}, body, text });

test.each([
  [
    { NeutronError: { type: "PortNotFound", message: "no port", detail: "d" } },
    "PortNotFound",
    "no port d",
  ],
  [{ itemNotFound: { code: 404, message: "no server" } }, "itemNotFound", "no server"],
  [
    { error: { code: 401, title: "Unauthorized", message: "who are you" } },
    "Unauthorized",
    "who are you",
  ],
  [
    { message: "no image<br /><br />\n\n", code: "404 Not Found", title: "Not Found" },
    "Not Found",
    "no image",
  ],
] as const)("%j is read as %s: %s", (body, code, message) => {
  expect(answered(body)).toMatchObject({ code, message });
});

test("an answer in HTML is read without its tags", () => {
  const html =
    "<html><head><title>404</title></head><body><h1>404</h1>No image found</body></html>";

  expect(answered(undefined, html).message).toBe("404 No image found");
});

test("user data that is refused is not repeated: a one-time code stands in it", () => {
  const message = "Invalid input for field/attribute user_data. Value: c2VjcmV0. too long";

  expect(answered({ badRequest: { code: 400, message } }).message).not.toContain("c2VjcmV0");
});
