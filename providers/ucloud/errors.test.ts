import { expect, test } from "vitest";
import { NoAnswer } from "../transport.ts";
import { inCloudTerms, isAmbiguous, isGone, UCloudRefusal } from "./errors.ts";

const refusal = (retCode: number, message = "said so", action = "CreateUDisk") =>
  new UCloudRefusal(action, retCode, message);
const meantBy = (retCode: number, action = "volumes.createVolume", message?: string) =>
  inCloudTerms(refusal(retCode, message), action);

/** Codes as UCloud's pages of errors print them. */
const table: readonly (readonly [retCode: number, says: string, meant: string])[] = [
  [110, "API 响应超时", "cloud.transient"],
  [130, "API 网关异常", "cloud.transient"],
  [150, "服务目前不可用", "cloud.transient"],
  [153, "API 请求被限流", "cloud.throttled"],
  [161, "Action 不存在", "cloud.refused"],
  [170, "缺少签名", "cloud.credentials"],
  [171, "签名错误", "cloud.credentials"],
  [172, "用户不存在", "cloud.credentials"],
  [174, "Token 不存在", "cloud.credentials"],
  [220, "Missing params [Size]", "cloud.refused"],
  [230, "Params [Size] not available", "cloud.refused"],
  [292, "项目不存在", "cloud.not-found"],
  [293, "可用区权限错误", "cloud.refused"],
  [294, "访问 IP 被拒绝", "cloud.credentials"],
  [295, "安全锁验证失败", "cloud.credentials"],
  [299, "IAM 权限校验未通过", "cloud.forbidden"],
  [4018, "余额不足", "cloud.payment"],
  [4202, "绑定失败，请稍后重试", "cloud.transient"],
  [4207, "您的配额不足", "cloud.quota-exceeded"],
  [4210, "资源不存在", "cloud.not-found"],
  [4212, "弹性IP正在使用", "cloud.wrong-state"],
  [4361, "该防火墙正在被使用", "cloud.wrong-state"],
  [4364, "防火墙名称已存在", "cloud.refused"],
  [4600, "防火墙不存在", "cloud.not-found"],
  [8010, "请关闭主机后重试", "cloud.wrong-state"],
  [8022, "删除失败，请稍后重试", "cloud.transient"],
  [8037, "可创建主机数获取失败，请稍后重试", "cloud.transient"],
  [8039, "主机已被删除", "cloud.not-found"],
  [8045, "错误的CPU大小", "cloud.refused"],
  [8065, "获取价格失败，无效的内存大小", "cloud.refused"],
  [8090, "获取价格失败，请稍后重试", "cloud.transient"],
  [8095, "配额不足", "cloud.quota-exceeded"],
  [8104, "存在欠费订单", "cloud.payment"],
  [8116, "您暂未开通按小时计费权限", "cloud.refused"],
  [8226, "请实名认证后重试", "cloud.refused"],
  [8300, "用户拒绝授权操作指定资源", "cloud.forbidden"],
  [8315, "所选系统盘大小小于镜像大小", "cloud.refused"],
  [8320, "云盘资源不足", "cloud.capacity"],
  [8847, "子网IP 地址不足", "cloud.capacity"],
  [8856, "请先关闭主机", "cloud.wrong-state"],
  [8916, "获取价格失败，请稍后再试", "cloud.transient"],
  [17005, "资源不足", "cloud.capacity"],
  [17011, "手动快照数量已达磁盘快照配额上限", "cloud.quota-exceeded"],
  [17026, "磁盘挂载中，请卸载或稍后重试", "cloud.transient"],
  [17041, "UDisk ID不存在", "cloud.not-found"],
  [17056, "磁盘挂载中，请等待上一次操作完成", "cloud.transient"],
  [17057, "已经挂载", "cloud.wrong-state"],
  [17061, "磁盘卸载中，请等待上一次操作完成", "cloud.transient"],
  [17063, "余额不足，请充值", "cloud.payment"],
  [17067, "配额不足", "cloud.quota-exceeded"],
  [17085, "源盘快照制作中，请稍后再尝试", "cloud.transient"],
  [17088, "SSD数据盘暂不支持快照操作", "cloud.refused"],
  [17101, "磁盘挂载中，请等候30秒", "cloud.transient"],
  [17102, "获取磁盘价格失败，请重试或者联系技术支持", "cloud.transient"],
  [8050, "创建失败，请联系技术支持", "cloud.unexpected"],
  [99999, "what nobody wrote down", "cloud.unexpected"],
];

test.each(table)("RetCode %i (%s) means %s", (retCode, says, meant) => {
  const error = meantBy(retCode, "volumes.createVolume", says);

  expect(error.code).toBe(meant);
});

test("money that ran out and a spent quota are not waited for, and are said in UCloud's words", () => {
  for (const retCode of [17063, 8104, 17067]) {
    const error = meantBy(retCode, "volumes.createVolume", "in its own words");

    expect(error.retryable).toBe(false);
    expect(error.message).toContain(`${retCode}: in its own words`);
  }
});

test("what is still being let go is deleted a little later", () => {
  expect(meantBy(4361, "network.deleteSecurityGroup").code).toBe("cloud.transient");
  expect(meantBy(4361, "network.ensureSecurityGroup").code).toBe("cloud.wrong-state");
});

test("a missing permission is named as UCloud names the action", () => {
  const error = inCloudTerms(refusal(299, "no", "AttachUDisk"), "volumes.attachVolume");

  expect(error).toMatchObject({ code: "cloud.forbidden", params: { action: "AttachUDisk" } });
});

test("a project that is not there is no thing that is gone", () => {
  expect(isGone(refusal(8039))).toBe(true);
  expect(isGone(refusal(292))).toBe(false);
  expect(meantBy(292)).toMatchObject({ code: "cloud.not-found", params: { what: "project" } });
});

test("only an answer that was lost leaves open whether a call took effect", () => {
  const lost = [new NoAnswer(new Error("x")), refusal(110), refusal(130)];

  expect(lost.map(isAmbiguous)).toEqual([true, true, true]);
  expect([refusal(153), refusal(17067), new Error("ours")].map(isAmbiguous)).toEqual([
    ...[false, false, false],
  ]);
});

test("a dropped connection is tried again, and says nothing of the request", () => {
  const cause = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });

  const error = inCloudTerms(new NoAnswer(cause), "compute.createGateway");

  expect(error).toMatchObject({ code: "cloud.transient", retryable: true });
  expect(error.message).toContain("ECONNRESET: socket hang up");
});

test("what is no answer of UCloud's keeps its cause", () => {
  const cause = new TypeError("ours");

  expect(inCloudTerms(cause, "check")).toMatchObject({ code: "cloud.unexpected", cause });
});
