/**
 * What a deep check of a target proves, part by part: that one smallest volume can be made, hung on a
 * gateway, snapshotted and given back. A record keeps which words and facts; whoever shows them makes
 * the sentences.
 */
import { z } from "zod";
import type { Language } from "./errors.ts";
import { hoursOfMonth } from "./prices.ts";
import { errorFacts } from "./protocol/facts.ts";

/** In the order in which they are tried. */
export const checkParts = [
  "credentials",
  "gateway-size",
  "create",
  "attach",
  "device",
  "detach",
  "snapshot",
  "delete",
  "empty",
] as const;
export type CheckPart = (typeof checkParts)[number];

export const partResults = ["proved", "failed", "not-tried"] as const;

/** What came of a part that did not fail, or why it was not tried. */
export const partWords = {
  answers: {
    en: "The target answers, and the credentials are good for what it was asked",
    zh: "目标有应答，凭证可用于所查询的内容",
  },
  "size priced": {
    en: "{type}: {vcpus} vCPU, {memoryGiB} GiB, about {cost} an hour with its disk",
    zh: "{type}：{vcpus} vCPU，{memoryGiB} GiB，含磁盘约每小时 {cost}",
  },
  "size unpriced": {
    en: "{type}: {vcpus} vCPU, {memoryGiB} GiB; the platform does not tell its price",
    zh: "{type}：{vcpus} vCPU，{memoryGiB} GiB；平台未提供其价格",
  },
  "size unbought": {
    en: "A gateway is a process of this machine: nothing is bought",
    zh: "网关是本机的一个进程，无需购买",
  },
  made: { en: "Volume {volume} of {gib} GiB was made", zh: "已创建卷 {volume}，{gib} GiB" },
  hung: { en: "{volume} was hung on gateway {gateway}", zh: "{volume} 已挂载到网关 {gateway}" },
  found: { en: "Gateway {gateway} found it as {path}", zh: "网关 {gateway} 识别为 {path}" },
  "taken off": { en: "{volume} came off {gateway}", zh: "{volume} 已从 {gateway} 卸载" },
  "no gateway": {
    en: "The target has no gateway yet. A first migration makes one; while it is there, check again",
    zh: "目标尚无网关。首次迁移会创建网关，届时请再次检查",
  },
  "no place": {
    en: "None of the target's {gateways} gateways is ready with a free place. Check again when one is free, or allow more: hypermotion target limits set … gatewayMaxVolumes",
    zh: "目标的 {gateways} 个网关均无空闲位置。请待有空位后再次检查，或放宽上限：hypermotion target limits set … gatewayMaxVolumes",
  },
  snapshotted: { en: "Snapshot {snapshot} was taken", zh: "已创建快照 {snapshot}" },
  "no clones": {
    en: "The platform makes no volumes of snapshots, so none are taken there",
    zh: "平台不能由快照创建卷，因此不创建快照",
  },
  "snapshots after attaching": {
    en: "The platform snapshots only what hung on an instance once, and this volume did not. It needs a gateway, as above",
    zh: "平台只对挂载过的卷创建快照，而此卷未挂载过。需要网关，见上",
  },
  deleted: { en: "{count} things made were deleted", zh: "已删除所创建的 {count} 个资源" },
  "nothing made": { en: "Nothing had been made", zh: "没有创建任何资源" },
  empty: {
    en: "Nothing of it is left: the platform shows nothing under its tag, the ledger is closed",
    zh: "没有遗留：平台上无其标签的资源，台账已结清",
  },
  "not reached": { en: "Not reached", zh: "未执行到" },
} as const satisfies Record<string, Record<Language, string>>;
export type PartWords = keyof typeof partWords;

const words = z.enum(Object.keys(partWords) as [PartWords, ...PartWords[]]);

export const checkedPart = z.object({
  part: z.enum(checkParts),
  result: z.enum(partResults),
  /** Absent where it failed; then there is an error. */
  words: words.optional(),
  params: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  error: errorFacts.optional(),
  at: z.iso.datetime(),
});
export type CheckedPart = z.output<typeof checkedPart>;

export function describePart(
  { words: key, params }: Pick<CheckedPart, "words" | "params">,
  language: Language,
): string {
  return partWords[key ?? "not reached"][language].replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(params[name] ?? whole),
  );
}

/** In their order, each once; the later of two of a part holds. */
export function withPart(parts: readonly CheckedPart[], part: CheckedPart): CheckedPart[] {
  const others = parts.filter((other) => other.part !== part.part);
  return [...others, part].sort((a, b) => checkParts.indexOf(a.part) - checkParts.indexOf(b.part));
}

export function isProved(parts: readonly CheckedPart[], part: CheckPart): boolean {
  return parts.some((found) => found.part === part && found.result === "proved");
}

const GiB = 1024 ** 3;

/**
 * For a volume and a snapshot as large, for an hour each: clouds bill by the second or the hour, and a
 * check takes minutes.
 * @param gibMonth what a GiB of volume costs each month
 */
export function checkCost(gibMonth: number, sizeBytes: number): number {
  return (2 * gibMonth * sizeBytes) / GiB / hoursOfMonth;
}
