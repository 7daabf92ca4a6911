import { expect, test } from "vitest";
import { NoAnswer } from "../transport.ts";
import { inCloudTerms, QingcloudRefusal } from "./errors.ts";

const meantBy = (code: number | undefined, message: string, status = 200) =>
  inCloudTerms(
    new QingcloudRefusal("AttachVolumes", status, code, message),
    "volumes.attachVolume",
  );

/** Codes as the API reference prints them; words with an id were seen by public clients. */
const table: readonly (readonly [code: number, message: string, meant: string])[] = [
  [1100, "InvalidRequestFormat, size [15] is not valid", "cloud.refused"],
  [1101, "action [X] is not supported", "cloud.refused"],
  [1200, "AuthFailure, signature not matched", "cloud.credentials"],
  [1300, "RequestHasExpired, request has expired", "cloud.clock-skew"],
  [
    1400,
    "PermissionDenied, resource [vol-umyf1cy2] lease info not ready yet, please try later",
    "cloud.transient",
  ],
  [
    1400,
    "PermissionDenied, resource [ss-u90rxvl1] is [creating], please try later",
    "cloud.transient",
  ],
  [
    1400,
    "PermissionDenied, snapshot [ss-sdm7psjv] is not available, can not create volume from it",
    "cloud.wrong-state",
  ],
  [1400, "PermissionDenied, volume [vol-umyf1cy2] is in-use", "cloud.wrong-state"],
  [1400, "PermissionDenied, you are not allowed to do this", "cloud.forbidden"],
  [2100, "ResourceNotFound, resource [vol-umyf1cy2] not found", "cloud.not-found"],
  [2110, "ResourceExisted", "cloud.refused"],
  [2400, "InsufficientBalance", "cloud.payment"],
  [
    2500,
    "QuotasExceeded, you don't have enough quota of resource [volume]",
    "cloud.quota-exceeded",
  ],
  [2500, "QuotasExceeded, too many API requests in a short time", "cloud.throttled"],
  [5000, "InternalError", "cloud.transient"],
  [5100, "ServerBusy", "cloud.transient"],
  [5200, "InsufficientResource", "cloud.capacity"],
  [5300, "ServerUpdating", "cloud.transient"],
  [5400, "resource [img-37amqany] has dependants", "cloud.wrong-state"],
  [5600, "the volume type does not support encryption", "cloud.refused"],
  [4003, "the licence has no more hosts", "cloud.refused"],
  [8001, "the configuration lacks a pool", "cloud.refused"],
  [7777, "nobody knows", "cloud.unexpected"],
];

test.each(table)("%i %s means %s", (code, message, meant) => {
  expect(meantBy(code, message).code).toBe(meant);
});

test("what is not there, or in another state, is named by its id in QingCloud's words", () => {
  expect(meantBy(2100, "ResourceNotFound, resource [vol-umyf1cy2] not found").params).toMatchObject(
    { what: "volume", id: "vol-umyf1cy2" },
  );
  expect(
    meantBy(1400, "PermissionDenied, eip [eip-5ywkioa5] is [associated]").params,
  ).toMatchObject({ id: "eip-5ywkioa5" });
});

test("a right that is missing is told with the call that needs it", () => {
  expect(meantBy(1400, "PermissionDenied, you are not allowed").message).toContain("AttachVolumes");
});

test.each([
  [429, "cloud.throttled"],
  [502, "cloud.transient"],
  [404, "cloud.unexpected"],
])("an answer of something between, with status %i, means %s", (status, meant) => {
  expect(meantBy(undefined, "<html>", status).code).toBe(meant);
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
