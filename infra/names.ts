/** Names that several stacks share. One deployment in an account and region has one id. */
import { Stack } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

export interface Naming {
  /** At most 20 of [a-z0-9-]. */
  readonly id: string;
}

export const secretsPrefix = ({ id }: Naming) => `${id}/`;
export const callbackKeyName = ({ id }: Naming) => `${id}/console/callback-key`;
/** Names of buckets are all the world's. */
export function listsBucketName(scope: IConstruct, { id }: Naming): string {
  const { account, region } = Stack.of(scope);
  return `${id}-lists-${account}-${region}`;
}
/** State machines are called by it and the name of their file. */
export const machinePrefix = ({ id }: Naming) => `${id}-`;

/** `arn:<partition>:<service>:<region>:<account>:<resource>` of the stack that asks. */
export function arn(scope: IConstruct, service: string, resource: string): string {
  const { partition, region, account } = Stack.of(scope);
  return `arn:${partition}:${service}:${region}:${account}:${resource}`;
}
