import { expect, test } from "vitest";
import { NoAnswer } from "../transport.ts";
import { AliyunRefusal, inCloudTerms } from "./errors.ts";

const meantBy = (status: number, code: string, message = "said so") =>
  inCloudTerms(new AliyunRefusal(status, code, message, "0D1A"), "volumes.createVolume");

/** Codes as the API reference and public clients print them. */
const table: readonly (readonly [status: number, code: string, meant: string])[] = [
  [400, "Throttling", "cloud.throttled"],
  [400, "Throttling.User", "cloud.throttled"],
  [503, "ServiceUnavailable", "cloud.throttled"],
  [429, "Whatever", "cloud.throttled"],
  [500, "InternalError", "cloud.transient"],
  [502, "", "cloud.transient"],
  [403, "LastTokenProcessing", "cloud.transient"],
  [403, "IdempotentProcessing", "cloud.transient"],
  [409, "OperationConflict", "cloud.transient"],
  [403, "IncorrectDiskStatus.CreatingSnapshot", "cloud.transient"],
  [400, "IncorrectEipStatus", "cloud.transient"],
  [403, "DependencyViolation", "cloud.transient"],
  [403, "QuotaExceed.ElasticQuota", "cloud.quota-exceeded"],
  [403, "QuotaExceed.PostPaidDisk", "cloud.quota-exceeded"],
  [403, "QuotaExceed.Snapshot", "cloud.quota-exceeded"],
  [403, "QuotaExceed.AfterpayInstance", "cloud.quota-exceeded"],
  [400, "QuotaExceeded.Eip", "cloud.quota-exceeded"],
  [403, "InstanceDiskLimitExceeded", "cloud.quota-exceeded"],
  [403, "OperationDenied.NoStock", "cloud.capacity"],
  [403, "Zone.NotOnSale", "cloud.capacity"],
  [404, "InvalidResourceType.NotSupported", "cloud.capacity"],
  [403, "InvalidInstanceType.ValueNotSupported", "cloud.capacity"],
  [400, "InvalidVSwitchId.IpNotEnough", "cloud.capacity"],
  [404, "InvalidDiskId.NotFound", "cloud.not-found"],
  [404, "InvalidInstanceId.NotFound", "cloud.not-found"],
  [404, "InvalidAllocationId.NotFound", "cloud.not-found"],
  [403, "IncorrectDiskStatus", "cloud.wrong-state"],
  [403, "IncorrectDiskStatus.NeverAttached", "cloud.wrong-state"],
  [403, "IncorrectInstanceStatus", "cloud.wrong-state"],
  [403, "InvalidSnapshotId.NotReady", "cloud.wrong-state"],
  [403, "SnapshotCreatedDisk", "cloud.wrong-state"],
  [403, "Forbidden.RAM", "cloud.forbidden"],
  [404, "InvalidAccessKeyId.NotFound", "cloud.credentials"],
  [400, "SignatureDoesNotMatch", "cloud.credentials"],
  [403, "InvalidSecurityToken.Expired", "cloud.credentials"],
  [400, "InvalidTimeStamp.Expired", "cloud.clock-skew"],
  [403, "InvalidAccountStatus.NotEnoughBalance", "cloud.refused"],
  [403, "InvalidAccountStatus.SnapshotServiceUnavailable", "cloud.refused"],
  [403, "RealNameAuthenticationError", "cloud.refused"],
  [403, "UserNotInTheWhiteList", "cloud.refused"],
  [403, "InvalidDiskSize.NotSupported", "cloud.refused"],
  [400, "InvalidImageName.Duplicated", "cloud.refused"],
  [400, "MissingParameter", "cloud.refused"],
  [403, "OperationDenied", "cloud.refused"],
  [418, "Teapot", "cloud.unexpected"],
];

test.each(table)("%i %s means %s", (status, code, meant) => {
  expect(meantBy(status, code).code).toBe(meant);
});

test("money that ran out is not waited for, and is said in the platform's words", () => {
  const error = meantBy(403, "InvalidAccountStatus.NotEnoughBalance", "not enough balance");

  expect(error.retryable).toBe(false);
  expect(error.message).toContain("InvalidAccountStatus.NotEnoughBalance: not enough balance");
});

test("an account that may not make images of data disks is told whom to ask", () => {
  expect(meantBy(403, "UserNotInTheWhiteList").message).toContain("ask Alibaba Cloud's support");
});

test("a dropped connection is tried again, and says nothing of the request", () => {
  const cause = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });

  const error = inCloudTerms(new NoAnswer(cause), "compute.createGateway");

  expect(error).toMatchObject({ code: "cloud.transient", retryable: true });
  expect(error.message).toContain("ECONNRESET: socket hang up");
});

test("what is no answer of the platform's keeps its cause", () => {
  const cause = new TypeError("ours");

  expect(inCloudTerms(cause, "check")).toMatchObject({ code: "cloud.unexpected", cause });
});
