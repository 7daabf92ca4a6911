/** VPC and EIP. Sources: VPC API reference, subnets, V3, security groups; EIP API reference; their "Error Codes". */
import { checkTags, type JsonObject, Refusal } from "./request.ts";
import { type Address, type Group, get, type Project, type Subnet } from "./state.ts";
import type { Handler } from "./volumes.ts";

/** A subnet's own id is its network's id too. */
function subnetJson({ id, name, cidr, zone, vpcId, ...subnet }: Subnet): JsonObject {
  const { onlyZone = "center", freeAddresses } = subnet;
  return {
    ...{ id, name, description: "", cidr, status: "ACTIVE", neutron_network_id: id },
    ...{ availability_zone: zone, vpc_id: vpcId, scope: onlyZone },
    available_ip_address_count: freeAddresses,
  };
}

const showSubnet: Handler = (project, { path }) => {
  const subnet = project.subnets.find(({ id }) => id === path.subnet_id);
  if (subnet === undefined) {
    throw new Refusal(404, "VPC.0202", `subnet ${path.subnet_id} could not be found`);
  }
  return { subnet: subnetJson(subnet) };
};

const listSubnets: Handler = ({ subnets }, { query }) => {
  const vpcId = query.get("vpc_id");
  const found = subnets.filter((subnet) => vpcId === undefined || subnet.vpcId === vpcId);
  const from = found.findIndex(({ id }) => id === query.get("marker")) + 1;
  const page = found.slice(from, from + Number(query.get("limit") ?? 2000));
  return { subnets: page.map(subnetJson) };
};

function groupJson(group: Group): JsonObject {
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    tags: [...group.tags].map(([key, value]) => ({ key, value })),
  };
}

const listGroups: Handler = (project, { query }) => {
  const name = query.get("name");
  const found = [...project.groups.values()].filter(
    (group) => project.isShown(group) && (name === undefined || group.name === name),
  );
  const from = found.findIndex(({ id }) => id === query.get("marker")) + 1;
  const page = found.slice(from, from + Number(query.get("limit") ?? 2000));
  const more = from + page.length < found.length;
  return {
    request_id: "fake",
    security_groups: page.map(groupJson),
    page_info: {
      current_count: page.length,
      ...(more ? { next_marker: page.at(-1)?.id } : {}),
    },
  };
};

const createGroup: Handler = (project, { body }) => {
  const { name, description = "", tags = [] } = body.security_group;
  if (!/^[\p{Script=Han}\w.-]{1,64}$/u.test(name)) {
    throw new Refusal(400, "VPC.0601", `the name ${name} is invalid`);
  }
  const pairs = tags.map((tag: { key: string; value: string }) => [tag.key, tag.value]);
  const group: Group = {
    ...project.newThing(name, checkTags(pairs, "VPC.0601")),
    description,
    rules: new Set(),
  };
  project.groups.set(group.id, group);
  return { request_id: "fake", security_group: groupJson(group) };
};

const deleteGroup: Handler = (project, { path }) => {
  const group = get(project.groups, "group", path.security_group_id ?? "");
  const used = [...project.servers.values()].some(({ groupIds }) => groupIds.includes(group.id));
  const held = project.now() < (project.held.get(group.id) ?? 0);
  if (used || held) {
    throw new Refusal(409, "VPC.0603", `Security Group ${group.id} in use.`);
  }
  project.groups.delete(group.id);
  return undefined;
};

const createRules: Handler = (project, { path, body }) => {
  const group = get(project.groups, "group", path.security_group_id ?? "");
  const made: string[] = [];
  for (const rule of body.security_group_rules) {
    const told = [rule.direction, rule.protocol, rule.multiport, rule.remote_ip_prefix].join(" ");
    if (group.rules.has(told) && body.ignore_duplicate !== true) {
      throw new Refusal(409, "VPC.0601", "Security group rule already exists.");
    }
    group.rules.add(told);
    made.push(told);
  }
  return { request_id: "fake", security_group_rules: made.map((id) => ({ id })) };
};

function addressJson(project: Project, address: Address): JsonObject {
  const ready = project.now() >= address.readyAt;
  const bound = address.portId === undefined ? "DOWN" : "ACTIVE";
  return {
    id: address.id,
    alias: address.name,
    type: address.kind,
    status: ready ? bound : "PENDING_CREATE",
    public_ip_address: address.publicIp,
    bandwidth_name: address.bandwidthName,
    ...(address.portId === undefined ? {} : { port_id: address.portId }),
  };
}

const createAddress: Handler = (project, { body }) => {
  const { publicip, bandwidth } = body;
  if (project.addresses.size >= project.quotas.addresses) {
    throw new Refusal(409, "VPC.0522", "Quota exceeded for resources: ['floatingip']");
  }
  const named = /^[\p{Script=Han}\w.-]{1,64}$/u;
  if (!named.test(publicip.alias ?? "x") || !named.test(bandwidth.name ?? "")) {
    throw new Refusal(400, "VPC.0301", "Bandwidth name or share_type is invalid.");
  }
  if (bandwidth.share_type !== "PER" || bandwidth.size === undefined) {
    throw new Refusal(400, "VPC.0501", "Bandwidth share_type is invalid.");
  }
  const address: Address = {
    ...project.newThing(publicip.alias ?? ""),
    // Servers are reached by it: all of them are this machine.
    publicIp: "127.0.0.1",
    bandwidthName: bandwidth.name,
    kind: publicip.type,
    bandwidth: {
      size: bandwidth.size,
      shared: bandwidth.share_type !== "PER",
      billedBy: bandwidth.charge_mode ?? "bandwidth",
    },
    readyAt: project.now() + project.delays.createMs,
  };
  project.addresses.set(address.id, address);
  return { publicip: { ...addressJson(project, address), bandwidth_size: bandwidth.size } };
};

const showAddress: Handler = (project, { path }) => ({
  publicip: addressJson(project, get(project.addresses, "address", path.publicip_id ?? "")),
});

const listAddresses: Handler = (project, { query }) => {
  const found = [...project.addresses.values()].filter((address) => project.isShown(address));
  const from = found.findIndex(({ id }) => id === query.get("marker")) + 1;
  const page = found.slice(from, from + Number(query.get("limit") ?? 2000));
  return { publicips: page.map((address) => addressJson(project, address)) };
};

const updateAddress: Handler = (project, { path, body }) => {
  const address = get(project.addresses, "address", path.publicip_id ?? "");
  const portId = body.publicip.port_id ?? "";
  if (portId === "") {
    delete address.portId;
    return { publicip: addressJson(project, address) };
  }
  if (project.now() < address.readyAt || address.portId !== undefined) {
    throw new Refusal(409, "VPC.0510", "Floatingip has already associated with port.");
  }
  const server = [...project.servers.values()].find((one) => one.portId === portId);
  if (server === undefined || server.status === "BUILD") {
    throw new Refusal(404, "VPC.0202", `port ${portId} could not be found`);
  }
  address.portId = portId;
  return { publicip: addressJson(project, address) };
};

const deleteAddress: Handler = (project, { path }) => {
  const address = get(project.addresses, "address", path.publicip_id ?? "");
  if (address.portId !== undefined) {
    throw new Refusal(409, "VPC.0517", "Floating ip has bound port, cannot be deleted.");
  }
  project.addresses.delete(address.id);
  return undefined;
};

export const networkHandlers: Record<string, Handler> = {
  ListSubnets: listSubnets,
  ShowSubnet: showSubnet,
  ListSecurityGroups: listGroups,
  CreateSecurityGroup: createGroup,
  DeleteSecurityGroup: deleteGroup,
  BatchCreateSecurityGroupRules: createRules,
  CreatePublicip: createAddress,
  ShowPublicip: showAddress,
  ListPublicips: listAddresses,
  UpdatePublicip: updateAddress,
  DeletePublicip: deleteAddress,
};
