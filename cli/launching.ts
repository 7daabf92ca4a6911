/** How a server is to be launched: the options that `launch` and `migrate --launch` share. */
import type { OptionSpec } from "./command.ts";

export interface LaunchOptions {
  type?: string;
  repair: boolean;
  keepNetwork?: boolean;
  subnet?: string;
  address?: string;
  securityGroup?: string;
}

export const launchOptions: readonly OptionSpec[] = [
  ["--type <type>", "launch type"],
  ["--no-repair", "launch no-repair"],
  ["--keep-network", "launch keep-network"],
  ["--subnet <id>", "launch subnet"],
  ["--address <ip>", "launch address"],
  ["--security-group <ids>", "launch security-group"],
];

/** As the API takes it; what was not asked for is absent. */
export function launchWish(options: LaunchOptions) {
  const { type, repair, keepNetwork, subnet, address, securityGroup } = options;
  const placement = {
    ...(subnet === undefined ? {} : { subnetId: subnet }),
    ...(address === undefined ? {} : { privateAddress: address }),
    ...(securityGroup === undefined ? {} : { securityGroupIds: securityGroup.split(",") }),
  };
  return {
    repair,
    ...(type === undefined ? {} : { instanceType: type }),
    ...(keepNetwork === true ? { network: "keep" as const } : {}),
    ...(Object.keys(placement).length === 0 ? {} : { placement }),
  };
}
