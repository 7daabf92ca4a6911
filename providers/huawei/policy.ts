/**
 * What the target's user must be allowed, as a custom policy for project-level services. Huawei's policies of this
 * version know no condition on tags, so what is allowed is allowed for the whole project: give the target a project
 * of its own where that matters. Looking is granted by service, as Huawei's own migration policy does it.
 */
import { operations } from "./operations.ts";

export interface HuaweiPolicy {
  readonly Version: "1.1";
  readonly Statement: readonly { readonly Effect: "Allow"; readonly Action: readonly string[] }[];
}

const looking = ["ecs", "evs", "ims", "vpc"].flatMap((service) => [
  `${service}:*:get*`,
  `${service}:*:list*`,
]);

const changing = [
  ...new Set(Object.values(operations).flatMap(({ actions }) => actions as readonly string[])),
].sort();

export const huaweiPolicy: HuaweiPolicy = {
  Version: "1.1",
  Statement: [
    { Effect: "Allow", Action: looking },
    { Effect: "Allow", Action: changing },
  ],
};
