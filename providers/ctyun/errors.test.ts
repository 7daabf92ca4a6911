import { describe, expect, test } from "vitest";
import { CtyunRefusal } from "./client.ts";
import { inCloudTerms, isAmbiguous, isNotFound, orderInProgress } from "./errors.ts";

const refusal = (status: number, code: string, message: string, returned?: unknown) =>
  new CtyunRefusal("NewEbs", { status, code, message, returned });

/** Codes as the vendor's own provider lists them, or as they were seen; words as the products write them. */
test.each([
  [429, "", "too many requests", "cloud.throttled"],
  [200, "Openapi.Common.Limit", "请求过于频繁", "cloud.throttled"],
  [500, "", "internal error", "cloud.transient"],
  [502, "", "Bad Gateway", "cloud.transient"],
  [200, "Openapi.SecurityGroup.Failed", "安全组正在使用", "cloud.transient"],
  [200, "Ecs.Instance.NotFound", "云主机不存在", "cloud.not-found"],
  [200, "Openapi.Eip.NotFound", "eip not found", "cloud.not-found"],
  [200, "ebs.ebsInfo.notExists", "the disk does not exist", "cloud.not-found"],
  [200, "ebs.ebsInfo.dataDamaged", "data damaged", "cloud.not-found"],
  [200, "Ecs.Instance.StatusNotRunning", "instance is stopped", "cloud.wrong-state"],
  [200, "Ecs.Instance.StatusNotStopped", "instance is running", "cloud.wrong-state"],
  [200, "CTIAM_0005", "no permission", "cloud.forbidden"],
  [200, "CTIAM_1044", "无权限", "cloud.forbidden"],
  [200, "CTAPI_10002", "invalid ak", "cloud.credentials"],
  [200, "CTAPI_10009", "ctyun-EOP: signature verification failed", "cloud.credentials"],
  [200, "CTAPI_0", "eop-date is expired", "cloud.clock-skew"],
  [200, "ebs.order.procFailed", "ORDER_01 / 账户余额不足", "cloud.payment"],
  [200, "Ecs.Order.Failed", "account is in arrears", "cloud.payment"],
  [200, "Ecs.Order.Failed", "超过云主机配额", "cloud.quota-exceeded"],
  [200, "ebs.quota.exceeded", "too many", "cloud.quota-exceeded"],
  [200, "Ecs.Flavor.Failed", "该规格已售罄", "cloud.capacity"],
  [200, "Openapi.Parameter.Error", "name is invalid", "cloud.refused"],
  [404, "no-such-code", "what is that", "cloud.unexpected"],
])("%i %s (%s) means %s", (status, code, message, meaning) => {
  expect(inCloudTerms(refusal(status, code, message), "volumes.createVolume").code).toBe(meaning);
});

test("a missing permission is named by the call and in the cloud's own words", () => {
  const error = inCloudTerms(refusal(200, "CTIAM_1044", "无权限"), "volumes.createVolume");

  expect(error.params).toMatchObject({ action: "NewEbs: CTIAM_1044: 无权限" });
});

test("an order that is still carried out is no refusal, and names its master order", () => {
  const ebs = refusal(200, "ebs.order.inProgress", "处理中", { masterOrderID: "o-1" });
  const eip = refusal(200, "Openapi.Order.Inprogress", "处理中", { masterOrderID: "o-2" });
  const snapshot = refusal(200, "ebs.order.inProgress", "", { resources: [{ orderID: "o-3" }] });

  expect([ebs, eip, snapshot].map((error) => orderInProgress(error)?.orderId)).toEqual([
    ...["o-1", "o-2", "o-3"],
  ]);
  expect(orderInProgress(refusal(200, "ebs.order.inProgress", ""))?.orderId).toBeUndefined();
  expect(orderInProgress(refusal(200, "ebs.order.procFailed", ""))).toBeUndefined();
});

describe("whether a call took effect", () => {
  test("is unknown when the line broke or the cloud failed", () => {
    const cut = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });

    expect(isAmbiguous(cut)).toBe(true);
    expect(isAmbiguous(refusal(500, "", ""))).toBe(true);
    expect(isAmbiguous(refusal(200, "", "not JSON"))).toBe(true);
    expect(inCloudTerms(cut, "check").code).toBe("cloud.transient");
  });

  test("is known when it was refused", () => {
    expect(isAmbiguous(refusal(200, "Openapi.Parameter.Error", ""))).toBe(false);
  });
});

test("a path that does not exist is no proof that a thing is gone", () => {
  expect(isNotFound(refusal(404, "", "404 page"))).toBe(false);
});
