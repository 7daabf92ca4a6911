/** Neutron. Sources: Networking API v2.0; neutron_lib/exceptions, neutron/extensions; what a running Zed answered. */
import { type JsonObject, linksOf, pageOf, Refusal } from "./request.ts";
import { type FloatingIp, type Group, get, type Port, type Project, type Subnet } from "./state.ts";
import type { Handler } from "./volumes.ts";

const externals = (project: Project) => [project.externalNetworkId, ...project.otherExternalIds];

function networkJson(project: Project, id: string): JsonObject {
  const external = externals(project).includes(id);
  const shared = id === project.sharedNetworkId;
  const isOwn = id === project.networkId;
  const inside = shared ? "offices" : "private";
  return {
    ...{ id, name: external ? `public-${externals(project).indexOf(id)}` : inside },
    ...{ status: "ACTIVE", "router:external": external, shared },
    project_id: isOwn ? project.projectId : "0".repeat(32),
    subnets: project.subnets.filter(({ networkId }) => networkId === id).map((one) => one.id),
  };
}

const networksOf = (project: Project) => [
  project.networkId,
  project.sharedNetworkId,
  ...externals(project),
];

const listNetworks: Handler = (project, { query }) => {
  const wanted = query.get("router:external");
  const found = networksOf(project)
    .map((id) => ({ id, json: networkJson(project, id) }))
    .filter(({ json }) => !wanted || String(json["router:external"]) === wanted);
  const { page, more } = pageOf(found, query, project.mostPerPage);
  return { networks: page.map(({ json }) => json), ...linksOf("networks", more) };
};

const showNetwork: Handler = (project, { path }) => {
  const id = path.id ?? "";
  if (!networksOf(project).includes(id)) {
    throw new Refusal(404, "NetworkNotFound", `Network ${id} could not be found.`);
  }
  return { network: networkJson(project, id) };
};

function subnetJson({ id, name, networkId, cidr }: Subnet): JsonObject {
  return { id, name, network_id: networkId, cidr, ip_version: 4, enable_dhcp: true };
}

const listSubnets: Handler = (project, { query }) => {
  const networkId = query.get("network_id");
  const found = project.subnets.filter(
    (subnet) => networkId === undefined || subnet.networkId === networkId,
  );
  return listed(project, query, "subnets", found, subnetJson);
};

const showSubnet: Handler = (project, { path }) => {
  const subnet = project.subnets.find(({ id }) => id === path.id);
  if (subnet !== undefined) return { subnet: subnetJson(subnet) };
  throw new Refusal(404, "SubnetNotFound", `Subnet ${path.id} could not be found.`);
};

/** One page of what fits the filters. */
function listed<T extends { readonly id: string; readonly name: string; projectId?: string }>(
  project: Project,
  query: ReadonlyMap<string, string>,
  key: string,
  things: Iterable<T>,
  json: (thing: T) => JsonObject,
): JsonObject {
  const name = query.get("name");
  const projectId = query.get("project_id");
  const found = [...things].filter(
    (thing) =>
      (name === undefined || thing.name === name) &&
      (projectId === undefined || projectId === (thing.projectId ?? project.projectId)),
  );
  const { page, more } = pageOf(found, query, project.mostPerPage);
  return { [key]: page.map(json), ...linksOf(key, more) };
}

function groupJson(project: Project, group: Group): JsonObject {
  const { id, name, description, createdAt, isShared = false } = group;
  return {
    ...{ id, name, description, created_at: createdAt, tags: [], security_group_rules: [] },
    ...{ project_id: group.projectId ?? project.projectId, shared: isShared },
  };
}

const listGroups: Handler = (project, { query }) =>
  listed(project, query, "security_groups", project.allGroups.values(), (group) =>
    groupJson(project, group),
  );

const createGroup: Handler = (project, { body }) => {
  const { name, description = "" } = body.security_group;
  checkText(name, description);
  const group: Group = { ...project.newThing(name), description, rules: new Set() };
  project.groups.set(group.id, group);
  return { security_group: groupJson(project, group) };
};

/** Source: neutron_lib/db/constants.py, NAME_FIELD_SIZE, LONG_DESCRIPTION_FIELD_SIZE. */
function checkText(name: string, description: string): void {
  if (name.length <= 255 && description.length <= 255) return;
  throw new Refusal(400, "HTTPBadRequest", "Invalid input. Reason: exceeds maximum length of 255.");
}

const deleteGroup: Handler = (project, { path }) => {
  const group = get(project.groups, "group", path.id ?? "");
  if ([...project.ports.values()].some(({ groupIds }) => groupIds.includes(group.id))) {
    throw new Refusal(409, "SecurityGroupInUse", `Security Group ${group.id} in use.`);
  }
  project.groups.delete(group.id);
  return undefined;
};

const createRule: Handler = (project, { body }) => {
  const wish = body.security_group_rule;
  const group = get(project.groups, "group", wish.security_group_id);
  if (wish.port_range_min !== wish.port_range_max) throw new Error("a range of ports");
  const told = [wish.direction, wish.protocol, wish.port_range_min, wish.remote_ip_prefix];
  if (group.rules.has(told.join(" "))) {
    const message = "Security group rule already exists. Rule id is something.";
    throw new Refusal(409, "SecurityGroupRuleExists", message);
  }
  group.rules.add(told.join(" "));
  return { security_group_rule: { ...wish, id: project.newThing("rule").id } };
};

function portJson(port: Port): JsonObject {
  return {
    ...{ id: port.id, name: port.name, description: port.description },
    ...{ network_id: port.networkId, device_id: port.serverId, created_at: port.createdAt },
    fixed_ips: [{ subnet_id: port.subnetId, ip_address: port.address }],
    security_groups: port.groupIds,
    device_owner: port.serverId === "" ? "" : "compute:nova",
    status: port.serverId === "" ? "DOWN" : "ACTIVE",
  };
}

const listPorts: Handler = (project, { query }) => {
  const server = query.get("device_id");
  const found = [...project.ports.values()].filter(
    ({ serverId }) => server === undefined || serverId === server,
  );
  return listed(project, query, "ports", found, portJson);
};

/** Source: neutron/db/securitygroups_db.py, `_get_security_groups_on_port`. */
const isUsable = ({ projectId, isShared }: Group) => projectId === undefined || isShared === true;

const createPort: Handler = (project, { body }) => {
  const wish = body.port;
  const { name = "", description = "" } = wish;
  checkText(name, description);
  if (![project.networkId, project.sharedNetworkId].includes(wish.network_id)) {
    throw new Refusal(404, "NetworkNotFound", `Network ${wish.network_id} could not be found.`);
  }
  const usable = new Map([...project.allGroups].filter(([, group]) => isUsable(group)));
  for (const id of wish.security_groups ?? []) get(usable, "group", id);
  const [fixed] = wish.fixed_ips;
  const subnet = project.subnets.find(({ id }) => id === fixed.subnet_id);
  if (subnet?.networkId !== wish.network_id) {
    const message = `Invalid input for operation: Failed to create port on network ${wish.network_id}, because fixed_ips included invalid subnet ${fixed.subnet_id}.`;
    throw new Refusal(400, "InvalidInput", message);
  }
  const address = fixed.ip_address ?? project.newPrivateAddress();
  if ([...project.ports.values()].some((port) => port.address === address)) {
    const message = `IP address ${address} already allocated in subnet ${fixed.subnet_id}`;
    throw new Refusal(409, "IpAddressAlreadyAllocated", message);
  }
  const port: Port = {
    ...project.newThing(name),
    ...{ description, networkId: wish.network_id, subnetId: fixed.subnet_id, address },
    ...{ groupIds: wish.security_groups ?? [], serverId: "" },
  };
  project.ports.set(port.id, port);
  return { port: portJson(port) };
};

/** Nova is told, and takes the interface away; a floating address on it is free. */
const deletePort: Handler = (project, { path }) => {
  const port = get(project.ports, "port", path.id ?? "");
  project.ports.delete(port.id);
  for (const one of project.floatingIps.values()) {
    if (one.portId === port.id) one.portId = undefined;
  }
  return undefined;
};

function floatingJson(project: Project, one: FloatingIp): JsonObject {
  return {
    ...{ id: one.id, description: one.description, created_at: one.createdAt },
    floating_ip_address: one.address,
    floating_network_id: project.externalNetworkId,
    port_id: one.portId ?? null,
    status: one.portId === undefined ? "DOWN" : "ACTIVE",
  };
}

const listFloatingIps: Handler = (project, { query }) =>
  listed(project, query, "floatingips", project.floatingIps.values(), (one) =>
    floatingJson(project, one),
  );

const showFloatingIp: Handler = (project, { path }) => ({
  floatingip: floatingJson(project, get(project.floatingIps, "floatingIp", path.id ?? "")),
});

const createFloatingIp: Handler = (project, { body }) => {
  const { floating_network_id: networkId, description = "" } = body.floatingip;
  checkText("", description);
  if (!externals(project).includes(networkId)) {
    throw new Refusal(400, "BadRequest", `Network ${networkId} is not a valid external network`);
  }
  if (project.floatingIps.size >= project.quotas.floatingIps) {
    throw new Refusal(409, "OverQuota", "Quota exceeded for resources: ['floatingip'].");
  }
  const one: FloatingIp = {
    ...project.newThing(""),
    ...{ description, portId: undefined },
    // Servers are reached by it: all of them are this machine.
    address: "127.0.0.1",
  };
  project.floatingIps.set(one.id, one);
  return { floatingip: floatingJson(project, one) };
};

const updateFloatingIp: Handler = (project, { path, body }) => {
  const one = get(project.floatingIps, "floatingIp", path.id ?? "");
  const port = get(project.ports, "port", body.floatingip.port_id);
  if (one.portId !== undefined && one.portId !== port.id) {
    const message = `Cannot associate floating IP ${one.address} with port ${port.id}, as it is already associated`;
    throw new Refusal(409, "FloatingIPPortAlreadyAssociated", message);
  }
  one.portId = port.id;
  return { floatingip: floatingJson(project, one) };
};

const deleteFloatingIp: Handler = (project, { path }) => {
  get(project.floatingIps, "floatingIp", path.id ?? "");
  project.floatingIps.delete(path.id ?? "");
  return undefined;
};

export const networkHandlers: Record<string, Handler> = {
  ListNetworks: listNetworks,
  ShowNetwork: showNetwork,
  ListSubnets: listSubnets,
  ShowSubnet: showSubnet,
  ListSecurityGroups: listGroups,
  CreateSecurityGroup: createGroup,
  DeleteSecurityGroup: deleteGroup,
  CreateSecurityGroupRule: createRule,
  ListPorts: listPorts,
  CreatePort: createPort,
  DeletePort: deletePort,
  ListFloatingIps: listFloatingIps,
  ShowFloatingIp: showFloatingIp,
  CreateFloatingIp: createFloatingIp,
  UpdateFloatingIp: updateFloatingIp,
  DeleteFloatingIp: deleteFloatingIp,
};
