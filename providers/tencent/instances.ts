/** Instances as CVM shows them. */
import type {
  Instance as CvmInstance,
  Filter,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_models.js";
import type { Instance, InstanceState } from "../provider.ts";
import { type Account, unlessGone } from "./account.ts";
import { listAll } from "./client.ts";
import { byToken, hasToken } from "./tags.ts";

/** Source: CVM API, data types, "InstanceStatus". SHUTDOWN is the recycle bin, not an ended guest. */
const states: Record<string, InstanceState> = {
  PENDING: "pending",
  STARTING: "pending",
  RUNNING: "running",
  REBOOTING: "running",
  STOPPING: "running",
  ENTER_RESCUE_MODE: "running",
  RESCUE_MODE: "running",
  EXIT_RESCUE_MODE: "running",
  STOPPED: "stopped",
  SHUTDOWN: "deleting",
  TERMINATING: "deleting",
  LAUNCH_FAILED: "failed",
};

export async function findCvmInstance(
  { cvm }: Account,
  id: string,
): Promise<CvmInstance | undefined> {
  const answer = await unlessGone(cvm.DescribeInstances({ InstanceIds: [id] }));
  return answer?.InstanceSet?.[0];
}

export async function listCvmInstances(
  { cvm }: Account,
  ...Filters: Filter[]
): Promise<CvmInstance[]> {
  return listAll(async (page) => (await cvm.DescribeInstances({ Filters, ...page })).InstanceSet);
}

export async function findByToken(
  account: Account,
  token: string,
): Promise<CvmInstance | undefined> {
  return (await listCvmInstances(account, byToken(token))).find(hasToken(token));
}

export function shown(instance: CvmInstance): Instance {
  const { InstanceId: id = "", InstanceState, LatestOperationState } = instance;
  const privateAddress = instance.PrivateIpAddresses?.[0];
  const publicAddress = instance.PublicIpAddresses?.[0];
  const problem = LatestOperationState === "FAILED" ? instance.LatestOperationErrorMsg : undefined;
  return {
    id,
    state: states[InstanceState ?? ""] ?? "pending",
    ...(privateAddress === undefined ? {} : { privateAddress }),
    ...(publicAddress === undefined ? {} : { publicAddress }),
    ...(problem ? { problem } : {}),
  };
}
