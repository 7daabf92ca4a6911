/** Checks of a server before anything is made at a target, and what follows from their findings. */
import { check } from "#domain/checks/check.ts";
import { type Finding, worstOf } from "#domain/checks/finding.ts";
import type { LaunchWish, Offer, OfferedPlace, Subject } from "#domain/checks/subject.ts";
import { describeFinding } from "#domain/checks/words.ts";
import { type Language, MigrationError } from "#domain/errors.ts";
import type { SourceServer, Target } from "#domain/records.ts";
import type { Choice } from "#providers/choices.ts";
import type { Capabilities, Provider } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";
import { acknowledgementsAt, limitSources } from "./limits.ts";

/** A server, and a target where it is to go. */
export interface Move {
  readonly server: SourceServer;
  readonly target: Target;
  readonly provider: Provider;
  readonly launch?: LaunchWish | undefined;
  /** The disks are copied: what is said of them is past. */
  readonly isLaunch?: boolean;
}

/** Asks the cloud what it offers and reads; changes nothing. @throws `cloud.…` */
export async function findingsOf(deps: Deps, move: Move): Promise<Finding[]> {
  const { server, target, provider, launch, isLaunch } = move;
  const can = await provider.capabilities();
  const gateway =
    server.gatewayId === undefined ? undefined : await deps.store.gateways.find(server.gatewayId);
  return check({
    ...factsOf(server, target),
    target: { ...limitSources(target, can), ...gatewayType(target), offer: offerOf(can) },
    ...(launch === undefined ? {} : await wishedAndOffered(launch, provider)),
    ...(gateway === undefined ? {} : { gateway }),
    ...(isLaunch === undefined ? {} : { isLaunch }),
  });
}

/** What can be told without asking the cloud. */
export function knownFindings(server: SourceServer, target: Target | undefined): Finding[] {
  if (target === undefined) return check({ inventory: server.inventory });
  return check({
    ...factsOf(server, target),
    target: { ...limitSources(target), ...gatewayType(target) },
  });
}

/** For many servers at one target: it is asked once. */
export function findingsAt(server: SourceServer, target: Target, can: Capabilities): Finding[] {
  return check({
    ...factsOf(server, target),
    target: { ...limitSources(target, can), ...gatewayType(target), offer: offerOf(can) },
  });
}

function factsOf(server: SourceServer, target: Target): Omit<Subject, "target"> {
  const { line } = server.replication;
  return {
    inventory: server.inventory,
    acknowledged: acknowledgementsAt(server, target),
    isReplicated: server.recoveryPointId !== undefined,
    ...(line === undefined ? {} : { lineBitsPerSecond: line.bitsPerSecond }),
  };
}

function gatewayType({ gatewayInstanceType }: Target) {
  return gatewayInstanceType === undefined ? {} : { gatewayInstanceType };
}

function offerOf(can: Capabilities): Offer {
  const { system, data } = can.volumes;
  return {
    repairsOn: can.repairsOn,
    canClone: can.canClone,
    zone: can.zone,
    subnetId: can.subnetId,
    bootStrategies: can.bootStrategies,
    isAdministrator: can.isAdministrator,
    systemVolumeIsSsd: system.isSsd,
    ...(system.type === undefined || data.type === undefined
      ? {}
      : { volumeTypes: { system: system.type, data: data.type } }),
  };
}

/** Asks the target only for what is wished. */
async function wishedAndOffered(
  launch: LaunchWish,
  { compute, network }: Provider,
): Promise<Pick<Subject, "launch" | "offered">> {
  const { instanceType, subnetId, securityGroupIds } = launch;
  const types = instanceType === undefined ? undefined : await compute.listInstanceTypes();
  const memoryBytes = types?.find(({ name }) => name === instanceType)?.memoryBytes;
  return {
    launch: memoryBytes === undefined ? launch : { ...launch, memoryBytes },
    offered: {
      instanceTypes: types?.map(({ name }) => name),
      ...((subnetId ?? securityGroupIds) !== undefined && {
        subnets: await placesIn(network.listSubnets),
        securityGroups: await placesIn(network.listSecurityGroups),
      }),
    },
  };
}

/** @returns undefined where nobody can say: then the launch finds it out */
async function placesIn(
  list: (() => Promise<readonly Choice[]>) | undefined,
): Promise<OfferedPlace[] | undefined> {
  try {
    return (await list?.())?.map(({ value: id, network }) => ({ id, network }));
  } catch (error) {
    // Who may launch may still not be allowed to list.
    if (error instanceof MigrationError && error.code === "cloud.forbidden") return undefined;
    throw error;
  }
}

const mostShown = 10;

/** @returns the error that lists what stops the server, with what to do about each; `undefined` when nothing does */
export function blockedBy(
  findings: readonly Finding[],
  server: SourceServer,
  target: Target,
): MigrationError | undefined {
  if (worstOf(findings) !== "BLOCK") return undefined;
  const blocks = findings.filter(({ severity }) => severity === "BLOCK");
  const listed = (language: Language) => {
    const lines = blocks.slice(0, mostShown).map((finding) => {
      const { thing, seen, allowed, todo } = describeFinding(finding, {
        ...{ language, server: server.name, target: target.name, platform: target.platform },
      });
      return language === "en"
        ? `${finding.row} ${thing}: ${seen} (${allowed}). ${todo}`
        : `${finding.row} ${thing}：${seen}（${allowed}）。${todo}`;
    });
    const rest = blocks.length - lines.length;
    return [...lines, ...(rest > 0 ? [`+${rest}`] : [])].join(language === "en" ? "; " : "；");
  };
  return new MigrationError("check.blocked", {
    ...{ server: server.name, target: target.name },
    ...{ findings: listed("en"), "findings.zh": listed("zh") },
  });
}

/** Rows of one weight, each once. */
export function rowsOf(findings: readonly Finding[], ...weights: Finding["severity"][]): string {
  const rows = findings.filter(({ severity }) => weights.includes(severity)).map(({ row }) => row);
  return [...new Set(rows)].join(", ");
}
