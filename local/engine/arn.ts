/** Names as AWS writes them. Region and account are invented, so that no local ARN passes for a real one. */

export const region = "local";
const account = "000000000000";

export function machineArn(name: string): string {
  return `arn:aws:states:${region}:${account}:stateMachine:${name}`;
}

export function executionArn(machineName: string, name: string): string {
  return `arn:aws:states:${region}:${account}:execution:${machineName}:${name}`;
}

/** `orders` from a bare name, a partial or a whole function ARN, with or without a version. */
export function functionNameOf(nameOrArn: string): string {
  const found = /(?:^|:)function:([^:]+)/.exec(nameOrArn);
  return found?.[1] ?? nameOrArn.split(":")[0] ?? nameOrArn;
}
