import { expect, test } from "vitest";
import { NoAnswer } from "../transport.ts";
import {
  inCloudTerms,
  isAmbiguous,
  wordsOf,
  type ZstackErrorCode,
  ZstackRefusal,
} from "./errors.ts";

function failed(error: ZstackErrorCode): ZstackRefusal {
  return new ZstackRefusal("CreateDataVolume", 503, { error, words: wordsOf(error) });
}

/** As the interceptors and services word them; sources beside the codes in errors.ts. */
test.each([
  ["ID.1000", "wrong account name or password", "cloud.credentials"],
  ["ID.1001", "Session expired", "cloud.credentials"],
  ["ID.1002", "operation[API:APIQueryHostMsg] is denied", "cloud.forbidden"],
  [
    "ID.1003",
    "quota exceeding. The account exceeds a quota[name: volume.data.num]",
    "cloud.quota-exceeded",
  ],
  [
    "ID.1006",
    "Login sessions hit limit of max allowed concurrent login sessions",
    "cloud.throttled",
  ],
  ["SYS.1000", "unhandled exception", "cloud.transient"],
  ["SYS.1001", "timeout", "cloud.transient"],
  [
    "SYS.1003",
    "invalid field[volumeUuid], resource[uuid:x, type:VolumeVO] not found",
    "cloud.not-found",
  ],
  [
    "SYS.1006",
    "hypervisor[KVM] only allows max 24 data volumes to be attached to a single vm",
    "cloud.quota-exceeded",
  ],
  [
    "SYS.1006",
    "data volume[uuid:x] has been attached to some vm, can't attach again",
    "cloud.wrong-state",
  ],
  ["SYS.1006", "volume[uuid:x] is not in status Ready, current is Creating", "cloud.wrong-state"],
  ["SYS.1006", "could not create vm instance from a attached volume.", "cloud.wrong-state"],
  ["SYS.1006", "the image format is not supported", "cloud.refused"],
  ["SYS.1006", "cannot find any qualified primary storage", "cloud.capacity"],
  ["SYS.1007", "unexpected disk size settings", "cloud.refused"],
  ["SYS.1012", "management node is unavailable", "cloud.transient"],
  ["HOST_ALLOCATION.1000", "no host has the memory", "cloud.capacity"],
  ["PS.1000", "no storage is left", "cloud.capacity"],
  ["L3.1000", "no IP is left", "cloud.capacity"],
  ["VM.1010", "current vm instance state[Stopping] doesn't allow to proceed", "cloud.wrong-state"],
  ["NEW.1", "something new", "cloud.unexpected"],
])("%s (%s) means %s", (code, details, meaning) => {
  expect(inCloudTerms(failed({ code, details }), "volumes.createVolume").code).toBe(meaning);
});

test.each([
  [403, "requestTimeTooSkewed", "cloud.clock-skew"],
  [401, "", "cloud.credentials"],
  [404, "no api mapping to /v1/vm-instances/from/volume", "cloud.refused"],
  [400, "Duplicate job uuid[x]", "cloud.refused"],
  [500, "", "cloud.transient"],
  [502, "<html>Bad Gateway</html>", "cloud.transient"],
])("HTTP %i (%s) before an order is taken means %s", (status, words, meaning) => {
  const refusal = new ZstackRefusal("CreateDataVolume", status, { words });

  expect(inCloudTerms(refusal, "volumes.createVolume").code).toBe(meaning);
});

test("why something failed stands behind what failed, and counts more", () => {
  const because = { code: "HOST_ALLOCATION.1000", details: "no host has the memory" };
  const error = failed({ code: "SYS.1006", details: "can't create the VM", cause: because });

  expect(inCloudTerms(error, "compute.launch").code).toBe("cloud.capacity");
  expect(error.message).toBe("can't create the VM: no host has the memory");
});

test("a missing right is named by the call that wants it, and a missing thing by its uuid (R-213)", () => {
  const uuid = "0123456789abcdef0123456789abcdef";
  const gone = failed({
    code: "SYS.1003",
    details: `resource[uuid:${uuid}, type:VolumeVO] not found`,
  });

  expect(inCloudTerms(failed({ code: "ID.1002" }), "volumes.createVolume").params).toMatchObject({
    action: "CreateDataVolume",
  });
  expect(inCloudTerms(gone, "volumes.attachVolume").params).toMatchObject({ id: uuid });
});

test("whether an order was taken is unknown when the line broke or the server failed, and known when its job failed", () => {
  expect(isAmbiguous(new NoAnswer(new Error("socket hang up")))).toBe(true);
  expect(isAmbiguous(new ZstackRefusal("X", 502, { words: "" }))).toBe(true);
  expect(isAmbiguous(failed({ code: "SYS.1000" }))).toBe(false);
  expect(isAmbiguous(new ZstackRefusal("X", 400, { words: "" }))).toBe(false);
});
