/**
 * The least an application credential must be allowed, as Keystone takes it (`openstack application credential
 * create --access-rules`): which calls may be made, on top of what the user's roles allow. Source: "Identity API
 * v3", access rules.
 */
import { type Operation, operations, type Service } from "./operations.ts";

interface AccessRule {
  readonly service: string;
  readonly method: string;
  readonly path: string;
}

/**
 * As each service calls itself, Cinder by either name, and what stands before our paths there: on some clouds more
 * than the version, since services share a host, and that counts too. `**` may be empty. Source: keystonemiddleware,
 * auth_token, `_path_matches` and `request.path`.
 */
const services: Readonly<
  Record<Service, { readonly names: readonly string[]; readonly root: string }>
> = {
  compute: { names: ["compute"], root: "/**v2.1" },
  volume: { names: ["volumev3", "block-storage"], root: "/**v3/*" },
  image: { names: ["image"], root: "/**v2" },
  network: { names: ["network"], root: "/**v2.0" },
};

function rulesOf({ service: of, method, path }: Operation): AccessRule[] {
  const { names, root } = services[of];
  const everywhere = `${root}${path.replaceAll(/\{\w+\}/g, "*")}`;
  return names.map((service) => ({ service, method, path: everywhere }));
}

function withoutRepeats(rules: readonly AccessRule[]): AccessRule[] {
  const all = new Map(rules.map((rule) => [`${rule.service} ${rule.path} ${rule.method}`, rule]));
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule);
}

export const openstackPolicy = {
  access_rules: withoutRepeats(Object.values(operations).flatMap(rulesOf)),
};
