import { expect, test } from "vitest";
import { authenticate } from "./request.ts";

const keys = { accessKeyId: "QYACCESSKEYIDEXAMPLE", secretAccessKey: "SECRETACCESSKEY" };

/** Source: QingCloud API, "Signature", the worked example. */
const example = [
  ..."access_key_id=QYACCESSKEYIDEXAMPLE&action=RunInstances&count=1&image_id=centos64x86a".split(
    "&",
  ),
  ..."instance_name=demo&instance_type=small_b&login_mode=passwd".split("&"),
  ..."login_passwd=QingCloud20130712&signature_method=HmacSHA256&signature_version=1".split("&"),
  ..."time_stamp=2013-08-27T14%3A30%3A10Z&version=1&vxnets.1=vxnet-0&zone=pek3a".split("&"),
  "signature=byjccvWIvAftaq%2BoublemagH3bYAlDWxxLFAzAsyslw%3D",
].join("&");

function refusalOf(form: string, method = "GET"): unknown {
  try {
    authenticate(method, "/iaas/", new URLSearchParams(form), keys);
    return "none";
  } catch (error) {
    return Object(error).code;
  }
}

test("the documentation's own request is signed well for this fake, and only too old", () => {
  expect(refusalOf(example)).toBe(1300);
});

test.each([
  ["another value", example.replace("count=1", "count=2"), "GET"],
  ["another verb", example, "POST"],
  ["one parameter more", `${example}&volumes.1=vol-1`, "GET"],
  ["a stranger's key", example.replace("QYACCESSKEYIDEXAMPLE", "QYSTRANGER"), "GET"],
])("with %s it is refused", (_, form, method) => {
  expect(refusalOf(form, method)).toBe(1200);
});
