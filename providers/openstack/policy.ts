/**
 * The least an application credential must be allowed, as Keystone takes it (`openstack application credential
 * create --access-rules`): which calls may be made, on top of what the user's roles allow. Source: "Identity API
 * v3", access rules.
 */
import { operations, type Service } from "./operations.ts";

interface AccessRule {
  readonly service: string;
  readonly method: string;
  readonly path: string;
}

/** As the services' own catalogue entries are typed, and what stands before our paths there. */
const services: Readonly<Record<Service, { readonly service: string; readonly root: string }>> = {
  compute: { service: "compute", root: "/v2.1" },
  volume: { service: "volumev3", root: "/v3/*" },
  image: { service: "image", root: "/v2" },
  network: { service: "network", root: "/v2.0" },
};

function ruleOf({ service, method, path }: (typeof operations)[keyof typeof operations]) {
  const of = services[service];
  return { service: of.service, method, path: `${of.root}${path.replaceAll(/\{\w+\}/g, "*")}` };
}

function withoutRepeats(rules: readonly AccessRule[]): AccessRule[] {
  const all = new Map(rules.map((rule) => [`${rule.service} ${rule.path} ${rule.method}`, rule]));
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule);
}

export const openstackPolicy = {
  access_rules: withoutRepeats(Object.values(operations).map(ruleOf)),
};
