import { describe, expect, test } from "vitest";
import { HuaweiRefusal } from "./client.ts";
import { inCloudTerms, isAmbiguous, isNotFound, jobFailure } from "./errors.ts";

const refusal = (status: number, code: string, message: string) =>
  new HuaweiRefusal("ShowServer", status, code, message);

/** As the services word them; sources beside the codes in errors.ts. */
test.each([
  [429, "APIGW.0308", "The throttling threshold has been reached", "cloud.throttled"],
  [500, "Ecs.0000", "Request error. Try again later.", "cloud.transient"],
  [503, "", "Service Unavailable", "cloud.transient"],
  [400, "Ecs.0100", "Disks can be attached to ECS only in started state", "cloud.transient"],
  [409, "VPC.0603", "Security Group in use.", "cloud.transient"],
  [403, "Ecs.0001", "Insufficient ECS quota.", "cloud.quota-exceeded"],
  [400, "Ecs.0104", "The number of disks has exceeded the upper limit.", "cloud.quota-exceeded"],
  [413, "overLimit", "Maximum number of volumes allowed exceeded", "cloud.quota-exceeded"],
  [409, "VPC.0522", "Quota exceeded for resources: ['floatingip']", "cloud.quota-exceeded"],
  [403, "IMG.0018", "The quota of private images is used up", "cloud.quota-exceeded"],
  [400, "Ecs.0319", "Insufficient flavor capacity", "cloud.capacity"],
  [404, "Ecs.0114", "ECS could not be found.", "cloud.not-found"],
  [404, "EVS.5404", "Volume could not be found.", "cloud.not-found"],
  [400, "IMG.0027", "The image does not exist", "cloud.not-found"],
  [400, "Ecs.0057", "The disk has been attached to the ECS.", "cloud.wrong-state"],
  [400, "EVS.5400", "Volume status must be available", "cloud.wrong-state"],
  [400, "Ecs.0005", "Invalid parameter values.", "cloud.refused"],
  [403, "Ecs.0003", "You do not have permission", "cloud.refused"],
  [403, "VPC.0502", "Tenant status is op_restricted.", "cloud.refused"],
  [403, "", "Policy doesn't allow evs:volumes:create to be performed.", "cloud.forbidden"],
  [401, "APIGW.0301", "Incorrect IAM authentication information", "cloud.credentials"],
  [401, "APIGW.0303", "signature expired: signature time:2026", "cloud.clock-skew"],
  [404, "APIGW.0101", "The API does not exist", "cloud.unexpected"],
])("%i %s (%s) means %s", (status, code, message, meaning) => {
  expect(inCloudTerms(refusal(status, code, message), "volumes.createVolume").code).toBe(meaning);
});

test("a missing permission is named as the policy names it", () => {
  const message = "Policy doesn't allow ecs:cloudServers:create to be performed.";

  const error = inCloudTerms(refusal(403, "", message), "compute.launch");

  expect(error.params).toMatchObject({ action: "ecs:cloudServers:create" });
});

test("arrears are told apart from a missing permission, though the status is the same", () => {
  const error = inCloudTerms(refusal(403, "Ecs.0003", "restricted"), "compute.launch");

  expect(error.message).toContain("arrears");
});

test("a job's failure means what the same refusal would", () => {
  expect(jobFailure("Ecs.0319", "no room", "a server").code).toBe("cloud.capacity");
  expect(jobFailure("EVS.2024", "volume error", "a volume").code).toBe("cloud.refused");
});

describe("whether an order took effect", () => {
  test("is unknown when the line broke or the cloud failed", () => {
    const cut = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });

    expect(isAmbiguous(cut)).toBe(true);
    expect(isAmbiguous(refusal(500, "", ""))).toBe(true);
    expect(inCloudTerms(cut, "check").code).toBe("cloud.transient");
  });

  test("is known when it was refused", () => {
    expect(isAmbiguous(refusal(400, "Ecs.0005", ""))).toBe(false);
    expect(isAmbiguous(refusal(429, "APIGW.0308", ""))).toBe(false);
  });
});

test("a path that does not exist is no proof that a thing is gone", () => {
  expect(isNotFound(refusal(404, "APIGW.0101", ""))).toBe(false);
  expect(isNotFound(refusal(404, "itemNotFound", ""))).toBe(true);
});
