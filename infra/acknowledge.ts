/** What cdk-nag finds and we stand by, each with its reason. */
import { Stack, Validations } from "aws-cdk-lib";
import { flattenCfnReference } from "cdk-nag/lib/utils/flatten-cfn-reference.js";
import type { IConstruct } from "constructs";

/** A resource of a policy that ends in a wildcard, as it was given to the statement. */
export function acknowledgeWildcard(holder: IConstruct, resource: string, reason: string): void {
  const named = flattenCfnReference(Stack.of(holder).resolve(resource));
  Validations.of(holder).acknowledge({ id: `AwsSolutions-IAM5[Resource::${named}]`, reason });
}
