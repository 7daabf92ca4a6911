/**
 * UCloud's return codes as the `cloud.…` errors every platform has. A refusal arrives with HTTP status
 * 200, so only the code tells. Sources: "公共参数" (codes below 300), and the pages "error_code" of UHost
 * (8000 and up), UDisk (17000 and up) and UNet (4000 and up); 220 and 230 as ucloud-sdk-go's users see them.
 */
import { MigrationError } from "#domain/errors.ts";
import { NoAnswer } from "../transport.ts";

const platform = "ucloud";

/** What UCloud answered instead of doing it. */
export class UCloudRefusal extends Error {
  readonly action: string;
  readonly retCode: number;

  constructor(action: string, retCode: number, message: string) {
    super(message);
    this.name = "UCloudRefusal";
    this.action = action;
    this.retCode = retCode;
  }
}

type Kind =
  | "throttled"
  | "passing"
  | "forbidden"
  | "credentials"
  | "payment"
  | "capacity"
  | "quota"
  | "state"
  | "not found"
  | "refused";

/** Single codes, or first and last of several. */
const codes: Readonly<Record<Kind, readonly (number | readonly [number, number])[]>> = {
  throttled: [153],
  passing: [
    // The gateway of the API: no answer in 60 s, out of order, out of service.
    ...[110, 130, 150],
    // "Please try again later", of hosts.
    ...[8006, 8022, 8024, 8025, 8031, 8033, 8034, 8035, 8037, 8041, 8090, 8108],
    ...[8819, 8821, 8825, 8826, 8828, 8829, 8844, 8854, 8857, 8861, 8863, 8864, 8874],
    ...[8881, 8894, 8905, 8908, 8909, 8916, 8918, 8938, 8939, 8979, 8980, 8981],
    // Of disks: busy with the order before, or try again later. Detaching fails by 17060 while the guest
    // has not let go yet (terraform-provider-ucloud tries it again).
    ...[17026, 17040, 17045, 17050, 17056, 17060, 17061, 17066, 17068, 17085, 17086],
    ...[17095, 17098, 17101, 17102],
    // Of addresses and firewalls.
    ...[4001, 4003, 4004, 4005, 4006, 4007, 4013, 4015, 4017, 4055, 4058, 4061, 4062],
    ...([[4200, 4206]] as const),
    ...[4208, 4209, 4351, 4352, 4353, 4354, 4356],
    ...([[4400, 4405]] as const),
  ],
  forbidden: [299, 8300, 4008, 4357, 4504],
  credentials: [170, 171, 172, 174, 294, 295],
  payment: [8104, 8117, 8919, 17063, 17084, 4018, 4057, 4060, 4067],
  capacity: [17005, 8320, 8833, 8847],
  quota: [8095, 8978, 17011, 17012, 17067, 17099, 17103, 4207, 4360],
  state: [8010, 8856, 8982, 17057, 17087, 17096, 17097, 4154, 4212, 4361],
  "not found": [8039, 17041, 4210, 4600, 292],
  // What was asked is wrong, here or always; hourly billing is a permission of the account's (8116, 17062).
  refused: [
    ...[160, 161, 220, 230, 293, 8116, 8226, 17062],
    ...[8018, 8027, 8036, 8096, 8123, 8124, 8126, 8315, 8316, 8949, 8956, 8961, 17088, 17089],
    ...([[8044, 8046]] as const),
    ...([[8064, 8066]] as const),
    ...[4011, 4012, 4218, 4219, 4224, 4227, 4228, 4358, 4359, 4364, 4997],
  ],
};

/** What passes by itself once what uses a thing has been let go, for deletions that come too early. */
const tooEarly: Readonly<Record<string, readonly number[]>> = {
  "network.deleteSecurityGroup": [4361],
  "network.releaseAddress": [4212],
  "compute.deleteInstance": [8856, 8010],
};

function kindOf(retCode: number): Kind | undefined {
  const fits = (code: number | readonly [number, number]) =>
    typeof code === "number" ? code === retCode : code[0] <= retCode && retCode <= code[1];
  return (Object.keys(codes) as Kind[]).find((kind) => codes[kind].some(fits));
}

/** It is not there, or not any more. */
export function isGone(error: unknown): boolean {
  // The project's own absence is nobody's deletion.
  return (
    error instanceof UCloudRefusal && error.retCode !== 292 && kindOf(error.retCode) === "not found"
  );
}

/** It is busy, such as being made, and takes no other order. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof UCloudRefusal)) return false;
  const kind = kindOf(error.retCode);
  return kind === "state" || kind === "passing";
}

/** Nobody knows whether the call took effect: its answer was lost, or UCloud failed over it. */
export function isAmbiguous(error: unknown): boolean {
  return (
    error instanceof NoAnswer ||
    (error instanceof UCloudRefusal && [110, 130, 150].includes(error.retCode))
  );
}

/** @param action of ours, such as `volumes.createVolume`; ours pass unchanged */
export function inCloudTerms(error: unknown, action: string): MigrationError {
  if (error instanceof MigrationError) return error;
  const cause = { cause: error };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NoAnswer) {
    return new MigrationError("cloud.transient", { platform, problem: message }, cause);
  }
  if (!(error instanceof UCloudRefusal)) {
    return new MigrationError("cloud.unexpected", { platform, problem: message }, cause);
  }
  const { retCode } = error;
  const what = error.action;
  const problem = `${retCode}: ${message}`;
  if (tooEarly[action]?.includes(retCode)) {
    return new MigrationError("cloud.transient", { platform, problem }, cause);
  }
  switch (kindOf(retCode)) {
    case "throttled":
      return new MigrationError("cloud.throttled", { platform }, cause);
    case "passing":
      return new MigrationError("cloud.transient", { platform, problem }, cause);
    case "forbidden":
      return new MigrationError("cloud.forbidden", { platform, action: what }, cause);
    case "credentials":
      return new MigrationError("cloud.credentials", { platform, problem }, cause);
    case "payment":
      return new MigrationError("cloud.payment", { platform, problem }, cause);
    case "capacity":
      return new MigrationError("cloud.capacity", { platform, what: problem }, cause);
    case "quota":
      return new MigrationError("cloud.quota-exceeded", { platform, what: problem }, cause);
    case "state":
      return new MigrationError(
        "cloud.wrong-state",
        { platform, what, id: idIn(message), state: problem },
        cause,
      );
    case "not found":
      return new MigrationError(
        "cloud.not-found",
        {
          platform,
          what: retCode === 292 ? "project" : what.replace(/^[A-Z][a-z]+/, ""),
          id: idIn(message),
        },
        cause,
      );
    case "refused":
      return new MigrationError("cloud.refused", { platform, what, problem }, cause);
    case undefined:
      return new MigrationError("cloud.unexpected", { platform, problem }, cause);
  }
}

function idIn(message: string): string {
  return (
    /\b(uhost|bs|bsm|bsi|bsr|bsSnap|eip|fw|firewall|uimage|subnet|org)-[a-z0-9]+\b/i.exec(
      message,
    )?.[0] ?? "-"
  );
}
