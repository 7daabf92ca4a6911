import { expect, test } from "vitest";
import { services } from "./actions.ts";
import { Refusal, readBody } from "./request.ts";

function codeOf(service: string, action: string, request: unknown): string {
  try {
    readBody(JSON.stringify(request), services[service]?.actions[action] ?? {});
    return "taken";
  } catch (error) {
    return error instanceof Refusal ? error.code : String(error);
  }
}

const Filters = [{ Name: "zone", Values: ["ap-guangzhou-6"] }];
const disk = { Placement: { Zone: "z" }, DiskChargeType: "c", DiskType: "t" };

test.each([
  ["taken", "cvm", "DescribeInstances", { Filters, Limit: 100 }],
  ["taken", "vpc", "DescribeSecurityGroups", { Filters, Limit: "100" }],
  ["taken", "cbs", "CreateDisks", { ...disk, Tags: [{ Key: "k", Value: "v" }] }],
  ["InvalidParameter", "vpc", "DescribeSecurityGroups", { Limit: 100 }],
  ["InvalidParameter", "cvm", "DescribeInstances", { Limit: "100" }],
  ["InvalidParameter", "cvm", "CreateImage", { ImageName: "n", DryRun: "true" }],
  ["UnknownParameter", "cbs", "CreateDisks", { ...disk, Shareable: true }],
  ["UnknownParameter", "cbs", "CreateDisks", { ...disk, Placement: { Zone: "z", Cage: "c" } }],
  ["MissingParameter", "cbs", "CreateDisks", { ...disk, DiskType: undefined }],
  ["MissingParameter", "cbs", "CreateDisks", { ...disk, Tags: [{ Key: "k" }] }],
  ["MissingParameter", "cvm", "StopInstances", {}],
  ["InvalidInstanceId.Malformed", "cvm", "StopInstances", { InstanceIds: ["i-0123456789"] }],
])("%s: %s %s of %j", (told, service, action, request) => {
  expect(codeOf(service, action, request)).toBe(told);
});

test("what is no JSON is refused", () => {
  expect(() => readBody("Action=RunInstances", {})).toThrow(Refusal);
});
