import { expect, test } from "vitest";
import type { ErrorCode } from "#domain/errors.ts";
import { inCloudTerms, refusalOf, refusalOfEntra } from "./errors.ts";

const refusal = (status: number, code: string, message = "it says why") =>
  refusalOf(status, JSON.stringify({ error: { code, message } }));

/** As Azure's clients throw them. */
const thrown = (properties: object, message = "") =>
  Object.assign(new Error(message), { name: "RestError" }, properties);

const wrongSecret = refusalOfEntra(
  401,
  JSON.stringify({
    error: "invalid_client",
    error_description:
      "AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 2",
  }),
);

const cases: readonly [what: string, error: unknown, code: ErrorCode][] = [
  ["too many requests", refusal(429, "TooManyRequests"), "cloud.throttled"],
  ["too many of one kind", refusal(429, "OperationNotAllowed"), "cloud.throttled"],
  ["a fault of its own", refusal(500, "InternalServerError"), "cloud.transient"],
  ["a front end without words", refusalOf(503, "<html>"), "cloud.transient"],
  ["another change under way", refusal(409, "AnotherOperationInProgress"), "cloud.transient"],
  ["a line that broke", thrown({ code: "ECONNRESET" }), "cloud.transient"],
  ["an answer that was late", thrown({ name: "AbortError" }), "cloud.transient"],
  [
    "cores that are used up",
    refusal(
      409,
      "OperationNotAllowed",
      "Operation could not be completed as it results in exceeding approved standardFFamily Cores quota.",
    ),
    "cloud.quota-exceeded",
  ],
  [
    "a size's volumes that are used up",
    refusal(
      409,
      "OperationNotAllowed",
      "The maximum number of data disks allowed to be attached to a VM of this size is 8.",
    ),
    "cloud.quota-exceeded",
  ],
  ["addresses that are used up", refusal(400, "PublicIPCountLimitReached"), "cloud.quota-exceeded"],
  ["a size that is not offered", refusal(409, "SkuNotAvailable"), "cloud.capacity"],
  [
    "a size that was sold out meanwhile",
    new Error("The long-running operation has failed. AllocationFailed. Allocation failed."),
    "cloud.capacity",
  ],
  [
    "a disk that hangs elsewhere",
    refusal(409, "OperationNotAllowed", "Disk d is attached to VM v."),
    "cloud.wrong-state",
  ],
  ["a disk that is gone", refusal(404, "ResourceNotFound"), "cloud.not-found"],
  ["a group that is named and gone", refusal(400, "InvalidResourceReference"), "cloud.not-found"],
  ["a resource group that is gone", refusal(404, "ResourceGroupNotFound"), "cloud.not-found"],
  ["a permission that is missing", refusal(403, "AuthorizationFailed"), "cloud.forbidden"],
  ["a secret that is wrong", wrongSecret, "cloud.credentials"],
  ["a token that is none", refusal(401, "InvalidAuthenticationToken"), "cloud.credentials"],
  ["a subscription that is none", refusal(404, "SubscriptionNotFound"), "cloud.credentials"],
  [
    "a clock that is wrong",
    refusal(401, "InvalidAuthenticationToken", "The access token is not yet valid."),
    "cloud.clock-skew",
  ],
  ["a policy of the customer's", refusal(403, "RequestDisallowedByPolicy"), "cloud.refused"],
  ["a lock of the customer's", refusal(409, "ScopeLocked"), "cloud.refused"],
  ["a bill that was not paid", refusal(409, "ReadOnlyDisabledSubscription"), "cloud.payment"],
  ["a value it does not take", refusal(400, "InvalidParameter"), "cloud.refused"],
  [
    "a service that was never switched on",
    refusal(409, "MissingSubscriptionRegistration"),
    "cloud.refused",
  ],
  ["what nobody has seen yet", refusal(418, "Teapot"), "cloud.unexpected"],
];

test.each(cases)("%s is told in our words", (_what, error, code) => {
  expect(inCloudTerms(error, "volumes.createVolume").code).toBe(code);
});

test("what is missing is named as people know it", () => {
  const error = refusal(
    404,
    "ResourceNotFound",
    "The Resource 'Microsoft.Compute/disks/vol-1' under resource group 'g' was not found. For more details please go to https://aka.ms/x",
  );

  expect(inCloudTerms(error, "volumes.attachVolume").params).toMatchObject({
    what: "volume",
    id: "vol-1",
  });
});

test("a missing permission is named as the role writes it", () => {
  const error = refusal(
    403,
    "AuthorizationFailed",
    "The client 'x' does not have authorization to perform action 'Microsoft.Compute/disks/write' over scope '/y'",
  );

  expect(inCloudTerms(error, "volumes.createVolume").params).toMatchObject({
    action: "Microsoft.Compute/disks/write",
  });
});

test("a refused secret is told in the words of Entra ID, without its trace", () => {
  expect(inCloudTerms(wrongSecret, "check").params).toMatchObject({
    problem: "AADSTS7000215: Invalid client secret provided.",
  });
});
