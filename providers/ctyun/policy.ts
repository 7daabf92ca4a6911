/**
 * What the target's user must be allowed, by product and call. A custom policy of CTyun's (策略) names actions by
 * codes such as vpc:vpcs:list, which the cloud tells only to who is signed in (ctiam, queryAllAuthorityByServiceId);
 * whoever makes the policy picks in its editor what covers these calls.
 */
import { type Operation, operations, type Product } from "./operations.ts";

const callsOf = (wanted: Product): string[] =>
  Object.values<Operation>(operations)
    .filter(({ product }) => product === wanted)
    .map(({ method, path }) => `${method} ${path}`)
    .sort();

export const ctyunPolicy = {
  /** 资源池级: of a resource pool, and not of the whole account. */
  range: "region",
  effect: "allow",
  calls: {
    ecs: callsOf("ecs"),
    ebs: callsOf("ebs"),
    vpc: callsOf("vpc"),
    image: callsOf("image"),
  },
} as const;
