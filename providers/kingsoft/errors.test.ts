import { expect, test } from "vitest";
import { NoAnswer } from "../transport.ts";
import { inCloudTerms, isAmbiguous, isNotFound, KingsoftRefusal } from "./errors.ts";

const refusal = (status: number, code: string, message = "said so") =>
  new KingsoftRefusal("ebs:CreateVolume", status, code, message, "4C467B38");

/** As the reference, the vendor's Terraform provider and its CSI plugin print them; the rest by AWS's example. */
test.each([
  [400, "Throttling", "", "cloud.throttled"],
  [429, "Whatever", "", "cloud.throttled"],
  [500, "INTERNAL_FAILURE", "", "cloud.transient"],
  [400, "ServiceTimeout", "", "cloud.transient"],
  [503, "", "<html>", "cloud.transient"],
  [400, "OperationFailedWithTradeInstanceError", "", "cloud.transient"],
  [403, "SignatureDoesNotMatch", "Signature expired: 20260105T080000Z", "cloud.clock-skew"],
  [403, "RequestExpired", "", "cloud.clock-skew"],
  [403, "SignatureDoesNotMatch", "does not match", "cloud.credentials"],
  [403, "MissingAuthenticationToken", "", "cloud.credentials"],
  [403, "InvalidClientTokenId", "", "cloud.credentials"],
  [403, "AccessDenied", "", "cloud.forbidden"],
  [403, "UnauthorizedOperation", "", "cloud.forbidden"],
  [400, "InsufficientBalance", "", "cloud.payment"],
  [400, "TradeError", "账户余额不足", "cloud.payment"],
  [400, "ProductSellOutInvalid", "product already sell out.", "cloud.capacity"],
  [200, "Return", "此商品在该机房已售罄", "cloud.capacity"],
  [400, "InstanceQuotaExceeded", "", "cloud.quota-exceeded"],
  [400, "InvalidParameter", "超出配额", "cloud.quota-exceeded"],
  [400, "AttachVolumeLimitExceeded", "", "cloud.quota-exceeded"],
  [400, "InstanceIdLimitExceeded", "beyond limits (100)", "cloud.refused"],
  [400, "InstanceIdInvalid", "Instance Resource id is invalid", "cloud.not-found"],
  [404, "VolumeNotFound", "", "cloud.not-found"],
  [404, "", "nothing here", "cloud.not-found"],
  [400, "ResourceNotfound", "", "cloud.not-found"],
  [400, "SnapshotNotExist", "", "cloud.not-found"],
  [400, "InstanceStateNotSupported", 'should be "Stopped"', "cloud.wrong-state"],
  [400, "SecurityGroupInUse", "", "cloud.wrong-state"],
  [400, "invalid_action", "", "cloud.wrong-state"],
  [400, "VolumeError", "the volume is in use", "cloud.wrong-state"],
  [400, "InvalidParameterValue", "out of range", "cloud.refused"],
  [400, "SubnetIdRequired", "", "cloud.refused"],
  [200, "Return", "not now", "cloud.refused"],
  [418, "Teapot", "", "cloud.unexpected"],
] as const)("%i %s %s means %s", (status, code, message, meant) => {
  expect(inCloudTerms(refusal(status, code, message), "volumes.createVolume").code).toBe(meant);
});

test("a value that is not valid is no missing thing, whatever older clients make of it", () => {
  expect(isNotFound(refusal(400, "InvalidParameterValue", "invalid volume type"))).toBe(false);
  expect(isNotFound(refusal(400, "InstanceIdInvalid"))).toBe(true);
  expect(isNotFound(refusal(404, "InvalidAction", "no such action"))).toBe(false);
});

test("what failed on the platform's side, or on the way, may have been done all the same", () => {
  expect(isAmbiguous(new NoAnswer(new Error("socket hang up")))).toBe(true);
  expect(isAmbiguous(refusal(500, "INTERNAL_FAILURE"))).toBe(true);
  expect(isAmbiguous(refusal(400, "InvalidParameterValue"))).toBe(false);
});

test("a right that is missing is named as the policy names it", () => {
  const error = inCloudTerms(refusal(403, "AccessDenied"), "volumes.createVolume");

  expect(error.message).toContain("ebs:CreateVolume");
});

test("money that ran out is not waited for, and is said in the platform's words", () => {
  const error = inCloudTerms(refusal(400, "InsufficientBalance", "账户余额不足"), "compute.launch");

  expect(error.retryable).toBe(false);
  expect(error.message).toContain("InsufficientBalance: 账户余额不足");
});

test("a dropped connection is tried again, and what is no answer of the platform's keeps its cause", () => {
  const dropped = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
  const ours = new TypeError("ours");

  expect(inCloudTerms(new NoAnswer(dropped), "check")).toMatchObject({
    ...{ code: "cloud.transient", retryable: true },
    message: expect.stringContaining("ECONNRESET: socket hang up"),
  });
  expect(inCloudTerms(ours, "check")).toMatchObject({ code: "cloud.unexpected", cause: ours });
});
