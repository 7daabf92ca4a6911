/** Networks, firewalls, elastic addresses, jobs. Source: QingCloud API, each action's page. */
import type { Parameters } from "../parameters.ts";
import { listed, paged } from "./listing.ts";
import { type Answer, Refusal } from "./request.ts";
import {
  type Account,
  defaultGroupId,
  type Eip,
  type Group,
  get,
  isGone,
  type Job,
  refuseBusy,
} from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Answer;

const usualVpcId = "rtr-b0u6sdj6";

const describeVxnets: Action = (account, parameters) => {
  const found = listed(account.vxnets, parameters, "vxnets");
  return paged(
    "vxnet_set",
    found,
    parameters,
    ({ id, name, block, vpcId = usualVpcId, borderId }) => {
      const isInVpc = block !== undefined;
      return {
        vxnet_id: id,
        vxnet_name: name,
        vxnet_type: isInVpc ? 1 : 0,
        available_ip_count: isInVpc ? 250 : 0,
        ...(account.tellsVpc ? { vpc_router_id: isInVpc ? vpcId : "" } : {}),
        router: isInVpc ? { router_id: borderId ?? vpcId, ip_network: block } : {},
      };
    },
  );
};

/** Empty, and in use by nobody. */
const createGroup: Action = (account, parameters) => {
  const thing = account.newThing("sg", parameters.get("security_group_name"));
  const group: Group = { ...thing, rules: new Map(), isApplied: true };
  account.groups.set(group.id, group);
  return { security_group_id: group.id };
};

const usersOf = (account: Account, groupId: string) =>
  [...account.instances.values()].filter(
    (one) => !isGone(one) && (one.groupId === groupId || one.applying?.groupId === groupId),
  );

const describeGroups: Action = (account, parameters) => {
  const found = listed(account.allGroups, parameters, "security_groups");
  const isVerbose = (parameters.number("verbose") ?? 0) > 0;
  return paged("security_group_set", found, parameters, (group) => ({
    security_group_id: group.id,
    security_group_name: group.name,
    description: group.description ?? null,
    is_applied: group.isApplied ? 1 : 0,
    is_default: group.id === defaultGroupId ? 1 : 0,
    create_time: group.createdAt,
    ...(isVerbose
      ? {
          resources: usersOf(account, group.id).map(({ id }) => ({
            resource_id: id,
            resource_type: "instance",
            resource_name: "",
          })),
        }
      : {}),
  }));
};

const addRules: Action = (account, parameters) => {
  const group = get(account.groups, parameters.get("security_group"));
  const rules = parameters.structures("rules").map((rule) => {
    const from = rule.get("val3");
    const isGood =
      ["tcp", "udp", "icmp"].includes(rule.get("protocol")) &&
      rule.get("action") === "accept" &&
      rule.get("direction") === "0" &&
      Number(rule.get("priority")) <= 100 &&
      /^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(from);
    if (!isGood) throw new Refusal(1100, `InvalidRequestFormat, rule from [${from}] is not valid`);
    return `${rule.get("protocol")} ${rule.get("val1")} ${rule.get("val2")} ${from}`;
  });
  // One that is there already is added again.
  const ids = rules.map((rule) => {
    const { id } = account.newThing("sgr", "");
    group.rules.set(id, rule);
    return id;
  });
  group.isApplied = false;
  return { security_group_rules: ids };
};

const describeRules: Action = (account, parameters) => {
  const found = [...account.groups.values()]
    .filter(({ id }) => id === (parameters.find("security_group") ?? id))
    .flatMap((group) => [...group.rules].map(([id, text]) => ({ id, text, groupId: group.id })));
  return paged("security_group_rule_set", found, parameters, ({ id, text, groupId }) => {
    const [protocol, val1, val2, val3] = text.split(" ");
    return {
      security_group_rule_id: id,
      security_group_id: groupId,
      ...{ protocol, val1, val2, val3, priority: 1, action: "accept", direction: 0 },
    };
  });
};

const deleteRules: Action = (account, parameters) => {
  const ids = parameters.list("security_group_rules");
  for (const group of account.groups.values()) {
    for (const id of ids) if (group.rules.delete(id)) group.isApplied = false;
  }
  return { security_group_rules: ids };
};

/** To the instances named, or to all that use it already. */
const applyGroup: Action = (account, parameters) => {
  const group = get(account.allGroups, parameters.get("security_group"));
  const named = parameters.list("instances").map((id) => get(account.instances, id));
  for (const instance of named) refuseBusy(instance);
  const at = account.now() + account.delays.applyMs;
  for (const instance of named.length > 0 ? named : usersOf(account, group.id)) {
    instance.applying = { groupId: group.id, at };
  }
  group.isApplied = true;
  return { job_id: account.newJob("ApplySecurityGroup", [group.id], account.delays.applyMs) };
};

const deleteGroups: Action = (account, parameters) => {
  const groups = parameters.list("security_groups").map((id) => get(account.groups, id));
  for (const { id } of groups) {
    const [user] = usersOf(account, id);
    if (user === undefined) continue;
    throw new Refusal(1400, `PermissionDenied, security group [${id}] is used by [${user.id}]`);
  }
  for (const { id } of groups) account.groups.delete(id);
  return { security_groups: groups.map(({ id }) => id) };
};

export function letEipsHappen(account: Account): void {
  for (const eip of account.eips.values()) {
    if (eip.next === undefined || account.now() < eip.changesAt) continue;
    if (eip.transition === "dissociating") delete eip.instanceId;
    Object.assign(eip, { status: eip.next, transition: "" });
    delete eip.next;
  }
}

const allocateEips: Action = (account, parameters) => {
  const there = [...account.eips.values()].filter((eip) => !isGone(eip));
  if (there.length >= account.quotas.eips) {
    throw new Refusal(2500, "QuotasExceeded, you don't have enough quota of resource [eip]");
  }
  const eip: Eip = {
    ...account.newThing("eip", parameters.get("eip_name")),
    // All of 127/8 is this machine on Linux, so that gateways are reached by what the cloud calls public.
    address: "127.0.0.1",
    mbps: parameters.number("bandwidth") ?? 0,
    billingMode: parameters.find("billing_mode") ?? "bandwidth",
    ...{ status: "pending", transition: "", changesAt: 0 },
  };
  account.eips.set(eip.id, eip);
  account.change(eip, "", "available", account.delays.eipMs);
  return { eips: [eip.id] };
};

const describeEips: Action = (account, parameters) => {
  const found = listed(account.eips, parameters, "eips");
  return paged("eip_set", found, parameters, (eip) => ({
    eip_id: eip.id,
    eip_name: eip.name,
    eip_addr: eip.address,
    bandwidth: eip.mbps,
    billing_mode: eip.billingMode,
    status: eip.status,
    transition_status: eip.transition,
    create_time: eip.createdAt,
    resource:
      eip.instanceId === undefined
        ? { resource_id: "", resource_name: "", resource_type: "" }
        : { resource_id: eip.instanceId, resource_name: "", resource_type: "instance" },
  }));
};

const associateEip: Action = (account, parameters) => {
  const eip = get(account.eips, parameters.get("eip"));
  const instance = get(account.instances, parameters.get("instance"));
  refuseBusy(eip);
  refuseBusy(instance);
  if (eip.status !== "available") {
    throw new Refusal(1400, `PermissionDenied, eip [${eip.id}] is [${eip.status}]`);
  }
  eip.instanceId = instance.id;
  account.change(eip, "associating", "associated", account.delays.eipMs);
  return { job_id: account.newJob("AssociateEip", [eip.id], account.delays.eipMs) };
};

const dissociateEips: Action = (account, parameters) => {
  const eips = parameters.list("eips").map((id) => get(account.eips, id));
  for (const eip of eips) {
    refuseBusy(eip);
    if (eip.status !== "associated") {
      throw new Refusal(1400, `PermissionDenied, eip [${eip.id}] is [${eip.status}]`);
    }
  }
  for (const eip of eips) {
    account.change(eip, "dissociating", "available", account.delays.eipMs);
  }
  const ids = eips.map(({ id }) => id);
  return { job_id: account.newJob("DissociateEips", ids, account.delays.eipMs) };
};

const releaseEips: Action = (account, parameters) => {
  const eips = parameters.list("eips").map((id) => get(account.eips, id));
  for (const eip of eips) {
    account.refuseWithoutLease(eip);
    refuseBusy(eip);
  }
  for (const eip of eips) account.change(eip, "releasing", "released", account.delays.eipMs);
  const ids = eips.map(({ id }) => id);
  return { job_id: account.newJob("ReleaseEips", ids, account.delays.eipMs) };
};

const describeJobs: Action = (account, parameters) => {
  const statusOf = ({ overAt, fails }: Job) => {
    if (account.now() < overAt) return "working";
    return fails ? "failed" : "successful";
  };
  const found = listed(account.jobs, parameters, "jobs", { fields: { status: statusOf } });
  return paged("job_set", found, parameters, (job) => ({
    job_id: job.id,
    job_action: job.action,
    resource_ids: job.resourceIds.join(","),
    status: statusOf(job),
    create_time: job.createdAt,
  }));
};

export const networkActions: Record<string, Action> = {
  AddSecurityGroupRules: addRules,
  AllocateEips: allocateEips,
  ApplySecurityGroup: applyGroup,
  AssociateEip: associateEip,
  CreateSecurityGroup: createGroup,
  DeleteSecurityGroupRules: deleteRules,
  DeleteSecurityGroups: deleteGroups,
  DescribeEips: describeEips,
  DescribeJobs: describeJobs,
  DescribeSecurityGroupRules: describeRules,
  DescribeSecurityGroups: describeGroups,
  DescribeVxnets: describeVxnets,
  DissociateEips: dissociateEips,
  ReleaseEips: releaseEips,
};
