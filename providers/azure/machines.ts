/** Virtual machines as Azure shows them. */
import type { VirtualMachine } from "@azure/arm-compute";
import type { Instance, InstanceState } from "../provider.ts";
import { findInterface } from "./network.ts";
import { type Subscription, unlessAbsent } from "./subscription.ts";

export async function findMachine(
  { compute, config }: Subscription,
  name: string,
): Promise<VirtualMachine | undefined> {
  return unlessAbsent(
    compute.virtualMachines.get(config.resourceGroup, name, { expand: "instanceView" }),
  );
}

export async function shown(
  subscription: Subscription,
  machine: VirtualMachine,
): Promise<Instance> {
  const { name: id = "" } = machine;
  const state = stateOf(machine);
  const found = state === "deleting" ? undefined : await findInterface(subscription, id);
  const [primary] = found?.ipConfigurations ?? [];
  const privateAddress = primary?.privateIPAddress;
  const publicAddress = primary?.publicIPAddress?.ipAddress;
  const problem = state === "failed" ? problemOf(machine) : undefined;
  return {
    id,
    state,
    ...(privateAddress === undefined ? {} : { privateAddress }),
    ...(publicAddress === undefined ? {} : { publicAddress }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Source: Compute docs, "States and billing status of Azure Virtual Machines". */
function stateOf({ provisioningState, instanceView }: VirtualMachine): InstanceState {
  const power = (instanceView?.statuses ?? [])
    .map(({ code = "" }) => /^PowerState\/(\w+)$/.exec(code)?.[1])
    .find((found) => found !== undefined);
  if (provisioningState === "Deleting") return "deleting";
  // A machine whose last change failed runs on; only one that never ran is a failure.
  switch (power) {
    case "running":
    case "stopping":
    case "deallocating":
      return "running";
    case "stopped":
    case "deallocated":
      return "stopped";
    default:
      return provisioningState === "Failed" ? "failed" : "pending";
  }
}

/** The status with the code of the failure, such as `ProvisioningState/failed/AllocationFailed`. */
function problemOf({ instanceView }: VirtualMachine): string | undefined {
  const failed = instanceView?.statuses?.find(({ code = "" }) =>
    code.startsWith("ProvisioningState/failed"),
  );
  return failed?.message ?? failed?.code;
}
