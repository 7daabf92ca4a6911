/** Security groups, virtual IPs and EIPs. Source: zstack 5.2.1, SecurityGroupApiInterceptor.java, EipApiInterceptor.java. */
import { invalid } from "./request.ts";
import {
  absent,
  type Cloud,
  chosenUuid,
  type Eip,
  type Group,
  get,
  newUuid,
  operationError,
  type Vip,
} from "./state.ts";
import type { Handler } from "./volumes.ts";

export function groupJson(group: Group): Record<string, unknown> {
  const { uuid, name, description, rules } = group;
  const state = "Enabled";
  return { uuid, name, description, state, rules, attachedL3NetworkUuids: [...group.networks] };
}

const createGroup: Handler = (cloud, { params }) => {
  const uuid = chosenUuid(cloud.groups, params.resourceUuid);
  // Every group begins with rules of its own. Source: zstack 5.2.1, SecurityGroupManagerImpl.java.
  const rules = ["Ingress", "Egress"].map((type) => ({
    ...{ uuid: newUuid(), type, protocol: "ALL", priority: 0, ipVersion: 4 },
    ...(type === "Ingress" ? { remoteSecurityGroupUuid: uuid } : {}),
  }));
  const { name, description } = params;
  const group: Group = { uuid, name, description, networks: new Set(), rules };
  cloud.groups.set(uuid, group);
  return { ms: 0, inventory: () => groupJson(group) };
};

const attachGroup: Handler = (cloud, { path }) => {
  const group = get(cloud.groups, "group", path.group);
  const network = cloud.networks.find(({ uuid }) => uuid === path.network);
  if (network === undefined) throw absent("l3NetworkUuid", path.network ?? "", "L3NetworkVO");
  if (group.networks.has(network.uuid)) {
    throw operationError(
      `security group[uuid:${group.uuid}] has attached to l3Network[uuid:${network.uuid}], can't attach again`,
    );
  }
  if (!network.networkServices.some((one) => one.networkServiceType === "SecurityGroup")) {
    throw invalid(
      `the L3 network[uuid:${network.uuid}] doesn't have the network service type[SecurityGroup] enabled`,
    );
  }
  group.networks.add(network.uuid);
  return { ms: 0, inventory: () => groupJson(group) };
};

const addRules: Handler = (cloud, { path, params }) => {
  const group = get(cloud.groups, "group", path.group);
  for (const wish of params.rules) {
    const { startPort, endPort, allowedCidr = "0.0.0.0/0" } = wish;
    const isEverybody = allowedCidr === "0.0.0.0/0" || allowedCidr === "::/0";
    const rule = {
      ...{ uuid: newUuid(), type: wish.type, protocol: wish.protocol, ipVersion: wish.ipVersion },
      ...{ startPort: -1, endPort: -1, allowedCidr, state: "Enabled", action: "ACCEPT" },
      dstPortRange: startPort === endPort ? `${startPort}` : `${startPort}-${endPort}`,
      ...(isEverybody ? {} : { srcIpRange: allowedCidr }),
    };
    const told = JSON.stringify({ ...rule, uuid: "" });
    if (group.rules.some((other) => JSON.stringify({ ...other, uuid: "" }) === told)) {
      throw invalid(`could not add security group rule, because rule[${told}] is duplicated`);
    }
    group.rules.push(rule);
  }
  return { ms: 0, inventory: () => groupJson(group) };
};

const addNics: Handler = (cloud, { path, params }) => {
  const group = get(cloud.groups, "group", path.group);
  for (const nicUuid of params.vmNicUuids) {
    const vm = [...cloud.vms.values()].find(({ nic }) => nic.uuid === nicUuid);
    if (vm === undefined) throw absent("vmNicUuids", nicUuid, "VmNicVO");
    if (!group.networks.has(vm.nic.l3NetworkUuid)) {
      throw invalid(
        `VM nics[uuids:${nicUuid}] are not on L3 networks that have been attached to the security group[uuid:${group.uuid}]`,
      );
    }
    if (vm.groups.has(group.uuid)) {
      throw invalid(
        `vm nic[uuid:${nicUuid}] has been attach to security group[uuid:${group.uuid}]`,
      );
    }
    vm.groups.add(group.uuid);
  }
  return { ms: 0 };
};

/** VMs that were in it are so no more. */
const deleteGroup: Handler = (cloud, { path }) => {
  cloud.groups.delete(path.group ?? "");
  for (const vm of cloud.vms.values()) vm.groups.delete(path.group ?? "");
  return { ms: 0 };
};

export function vipJson(vip: Vip): Record<string, unknown> {
  return { ...vip, state: "Enabled", useFor: "Eip" };
}

export function eipJson(cloud: Cloud, eip: Eip): Record<string, unknown> {
  return { ...eip, state: "Enabled", vipIp: cloud.vips.get(eip.vipUuid)?.ip };
}

const createVip: Handler = (cloud, { params }) => {
  const uuid = chosenUuid(cloud.vips, params.resourceUuid);
  const { name, description, l3NetworkUuid } = params;
  if (l3NetworkUuid !== cloud.publicNetwork.uuid) {
    throw absent("l3NetworkUuid", l3NetworkUuid, "L3NetworkVO");
  }
  // VMs are reached by it: all of them are this machine.
  const vip: Vip = { uuid, name, description, l3NetworkUuid, ip: "127.0.0.1" };
  cloud.vips.set(uuid, vip);
  return { ms: 0, inventory: () => vipJson(vip) };
};

const createEip: Handler = (cloud, { params }) => {
  const uuid = chosenUuid(cloud.eips, params.resourceUuid);
  const { name, description, vipUuid, vmNicUuid } = params;
  get(cloud.vips, "vip", vipUuid);
  if ([...cloud.eips.values()].some((other) => other.vipUuid === vipUuid)) {
    throw operationError(`vip[uuid:${vipUuid}] has been occupied other network service entity`);
  }
  if (![...cloud.vms.values()].some(({ nic }) => nic.uuid === vmNicUuid)) {
    throw absent("vmNicUuid", vmNicUuid, "VmNicVO");
  }
  const eip: Eip = { uuid, name, description, vipUuid, vmNicUuid };
  cloud.eips.set(uuid, eip);
  return { ms: 0, inventory: () => eipJson(cloud, eip) };
};

const deleteEip: Handler = (cloud, { path }) => {
  cloud.eips.delete(path.eip ?? "");
  return { ms: 0 };
};

const deleteVip: Handler = (cloud, { path }) => {
  cloud.vips.delete(path.vip ?? "");
  for (const [id, eip] of cloud.eips) if (eip.vipUuid === path.vip) cloud.eips.delete(id);
  return { ms: 0 };
};

export const networkHandlers: Record<string, Handler> = {
  CreateSecurityGroup: createGroup,
  AttachSecurityGroupToL3Network: attachGroup,
  AddSecurityGroupRule: addRules,
  AddVmNicToSecurityGroup: addNics,
  DeleteSecurityGroup: deleteGroup,
  CreateVip: createVip,
  CreateEip: createEip,
  DeleteEip: deleteEip,
  DeleteVip: deleteVip,
};
