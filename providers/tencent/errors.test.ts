import { expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import { inCloudTerms, isAmbiguous, isGone } from "./errors.ts";

/** As the SDK throws it: an error with Tencent's code. */
const refusal = (code: string, message = `told by Tencent: ${code}`) =>
  Object.assign(new Error(message), { code, requestId: "r", traceId: "t" });

test.each([
  ["RequestLimitExceeded", "cloud.throttled"],
  ["RequestLimitExceeded.UinLimitExceeded", "cloud.throttled"],
  ["LimitExceeded.ActionLimited", "cloud.throttled"],
  ["InternalError", "cloud.transient"],
  ["InternalServerError", "cloud.transient"],
  ["InternalError.ComponentError", "cloud.transient"],
  ["ResourceBusy", "cloud.transient"],
  ["InvalidDisk.Busy", "cloud.transient"],
  ["MutexOperation.TaskRunning", "cloud.transient"],
  ["OperationDenied.InstanceOperationInProgress", "cloud.transient"],
  ["UnsupportedOperation.IdempotentProcessing", "cloud.transient"],
  ["ResourceInUse.DiskRollbacking", "cloud.transient"],
  ["FailedOperation.InvalidImageState", "cloud.transient"],
  ["AuthFailure.SignatureExpire", "cloud.clock-skew"],
  ["AuthFailure.SecretIdNotFound", "cloud.credentials"],
  ["AuthFailure.SignatureFailure", "cloud.credentials"],
  ["AuthFailure.TokenFailure", "cloud.credentials"],
  ["UnauthorizedOperation", "cloud.forbidden"],
  ["UnauthorizedOperation.CamUnauthorized", "cloud.forbidden"],
  ["UnauthorizedOperation.PermissionDenied", "cloud.forbidden"],
  ["AuthFailure.UnauthorizedOperation", "cloud.forbidden"],
  ["UnauthorizedOperation.NotHavePaymentRight", "cloud.forbidden"],
  ["UnauthorizedOperation.NotCertification", "cloud.refused"],
  ["InvalidAccount.InsufficientBalance", "cloud.payment"],
  ["ResourceInsufficient.InsufficientBalance", "cloud.payment"],
  ["FailedOperation.BalanceInsufficient", "cloud.payment"],
  ["InvalidAccount.UnpaidOrder", "cloud.payment"],
  ["OperationDenied.AddressInArrears", "cloud.payment"],
  ["ResourceInsufficient.SpecifiedInstanceType", "cloud.capacity"],
  ["ResourceInsufficient.ZoneSoldOutForSpecifiedInstance", "cloud.capacity"],
  ["ResourceInsufficient.CloudDiskSoldOut", "cloud.capacity"],
  ["ResourcesSoldOut.SpecifiedInstanceType", "cloud.capacity"],
  ["ResourceUnavailable.InstanceType", "cloud.capacity"],
  ["ResourceNotFound.InvalidZoneInstanceType", "cloud.capacity"],
  ["FailedOperation.NoAvailableIpAddressCountInSubnet", "cloud.capacity"],
  ["LimitExceeded.InstanceAttachedDisk", "cloud.quota-exceeded"],
  ["LimitExceeded.InstanceQuota", "cloud.quota-exceeded"],
  ["AddressQuotaLimitExceeded", "cloud.quota-exceeded"],
  ["AddressQuotaLimitExceeded.DailyAllocate", "cloud.quota-exceeded"],
  ["ImageQuotaLimitExceeded", "cloud.quota-exceeded"],
  ["InsufficientSnapshotQuota", "cloud.quota-exceeded"],
  ["ResourceInsufficient.OverQuota", "cloud.quota-exceeded"],
  ["InvalidParameterValue.LimitExceeded", "cloud.refused"],
  ["InvalidInstanceState", "cloud.wrong-state"],
  ["UnsupportedOperation.InstanceStateStopped", "cloud.wrong-state"],
  ["ResourceUnavailable.Attached", "cloud.wrong-state"],
  ["InvalidDisk.Attached", "cloud.wrong-state"],
  ["ResourceInUse", "cloud.wrong-state"],
  ["UnsupportedOperation.SnapshotHasBindedImage", "cloud.wrong-state"],
  ["InvalidAddressIdStatus.NotPermit", "cloud.wrong-state"],
  ["InvalidImageId.IncorrectState", "cloud.wrong-state"],
  ["InvalidInstanceId.NotFound", "cloud.not-found"],
  ["InvalidDiskId.NotFound", "cloud.not-found"],
  ["InvalidSecurityGroupID.NotFound", "cloud.not-found"],
  ["InvalidSecurityGroupId.NotFound", "cloud.not-found"],
  ["InvalidParameterValue.SubnetNotExist", "cloud.not-found"],
  ["ResourceNotFound", "cloud.not-found"],
  ["InvalidParameterValue.InstanceTypeNotFound", "cloud.refused"],
  ["InvalidParameter.SystemSnapshotNotFound", "cloud.refused"],
  ["InvalidParameter.DiskSizeNotMatch", "cloud.refused"],
  ["InvalidImageName.Duplicate", "cloud.refused"],
  ["MissingParameter", "cloud.refused"],
  ["UnknownParameter", "cloud.refused"],
  ["ZoneNotMatch", "cloud.refused"],
  ["SomethingNew", "cloud.unexpected"],
])("%s is %s, though it comes with HTTP 200", (code, meaning) => {
  const told = inCloudTerms(refusal(code), "volumes.createVolume");

  expect(told.code).toBe(meaning);
  expect(told.cause).toBeInstanceOf(Error);
});

test("a refusal for want of a permission names the action, paying too", () => {
  const told = [
    refusal("UnauthorizedOperation", "not authorized to perform operation (cvm:RunInstances)\n"),
    refusal("UnauthorizedOperation.NotHavePaymentRight"),
    refusal("UnauthorizedOperation.PermissionDenied"),
  ].map((error) => inCloudTerms(error, "compute.createGateway").params.action);

  expect(told).toEqual(["cvm:RunInstances", "finance:trade", "createGateway"]);
});

test("an answer that never came may have taken effect, and so may one that says Tencent failed", () => {
  const cut = Object.assign(new Error("socket hang up"), { requestId: "", traceId: "t" });
  const noJson = Object.assign(new Error("invalid json"), { name: "FetchError" });

  for (const error of [cut, noJson, refusal("InternalError")]) {
    expect(isAmbiguous(error)).toBe(true);
    expect(inCloudTerms(error, "volumes.createVolume").code).toBe("cloud.transient");
  }
  expect(isAmbiguous(refusal("RequestLimitExceeded"))).toBe(false);
  expect(isAmbiguous(refusal("InvalidParameterValue"))).toBe(false);
});

test.each([
  ["network.deleteSecurityGroup", "ResourceInUse"],
  ["network.releaseAddress", "InvalidAddressState"],
  ["images.deleteImage", "InvalidImageId.IncorrectState"],
  ["compute.deleteInstance", "UnsupportedOperation.InstanceStateStarting"],
])("%s that comes too early (%s) is tried again", (action, code) => {
  expect(inCloudTerms(refusal(code), action).code).toBe("cloud.transient");
  expect(inCloudTerms(refusal(code), "compute.launch").code).toBe("cloud.wrong-state");
});

test("what was given back already is gone", () => {
  expect(isGone(refusal("InvalidDisk.RepeatRefund"))).toBe(true);
  expect(isGone(refusal("UnsupportedOperation.InstanceStateTerminating"))).toBe(true);
  expect(isGone(refusal("InvalidDisk.Attached"))).toBe(false);
});

test("errors of ours pass unchanged", () => {
  const ours = new MigrationError("cloud.throttled", { platform: "tencent" });

  expect(inCloudTerms(ours, "volumes.createVolume")).toBe(ours);
});
