/**
 * Where HyperDoor's orders are: in the user data of its instance, which each cloud hands on in its own
 * way. All ways are tried, in turn and again, since network and drives may come a little later; what is
 * found is taken only if it is an order.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HyperDoorOrders, hyperDoorOrders } from "#domain/protocol/hyperdoor.ts";
import { pause } from "../backoff.ts";
import { listBlockDevices, withAllBelow } from "../block-devices.ts";
import { runTool } from "../run-tool.ts";

interface WebSource {
  /** Who serves it there. */
  readonly of: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A call that gives a token first, and the header that carries it. */
  readonly token?: { readonly url: string; readonly ask: string; readonly carry: string };
  readonly isBase64?: true;
}

/** Link-local addresses only: nobody but the machine's own host answers there. */
const webSources: readonly WebSource[] = [
  // Amazon EC2 user guide, "Retrieve instance metadata", IMDSv2; its form is also OpenStack's, Huawei's,
  // QingCloud's and ZStack's where they speak it.
  {
    of: "Amazon EC2",
    url: "http://169.254.169.254/latest/user-data",
    token: {
      url: "http://169.254.169.254/latest/api/token",
      ask: "x-aws-ec2-metadata-token-ttl-seconds",
      carry: "x-aws-ec2-metadata-token",
    },
  },
  { of: "EC2's kind", url: "http://169.254.169.254/latest/user-data" },
  // Nova, "Metadata service", OpenStack format.
  { of: "OpenStack", url: "http://169.254.169.254/openstack/latest/user_data" },
  // Alibaba Cloud ECS, "View instance metadata", normal and security hardening mode.
  { of: "Alibaba Cloud", url: "http://100.100.100.200/latest/user-data" },
  {
    of: "Alibaba Cloud, hardened",
    url: "http://100.100.100.200/latest/user-data",
    token: {
      url: "http://100.100.100.200/latest/api/token",
      ask: "x-aliyun-ecs-metadata-token-ttl-seconds",
      carry: "x-aliyun-ecs-metadata-token",
    },
  },
  // Tencent Cloud CVM, "Instance metadata": metadata.tencentyun.com is this address.
  { of: "Tencent Cloud", url: "http://169.254.0.23/latest/user-data" },
  // UCloud, "Metadata server" of UHost. cloud-init, DataSourceUCloud's address.
  { of: "UCloud", url: "http://100.80.80.80/user-data" },
  // Azure Instance Metadata Service, "Get user data".
  {
    of: "Azure",
    url: "http://169.254.169.254/metadata/instance/compute/userData?api-version=2021-01-01&format=text",
    headers: { metadata: "true" },
    isBase64: true,
  },
];

/** Files of small file systems that hosts hang on a machine. */
const driveSources: readonly string[] = [
  // Nova, "Store metadata on a configuration drive"; its label is config-2.
  "openstack/latest/user_data",
  // cloud-init, "NoCloud"; its label is cidata.
  "user-data",
];

/** QEMU's documentation, "docs/specs/fw_cfg"; Linux, Documentation/ABI/testing/sysfs-firmware-qemu_fw_cfg. */
const firmwareFile = "/sys/firmware/qemu_fw_cfg/by_name/opt/hypermotion/hyperdoor/raw";

const answerWithinMs = 3_000;
const pauseMs = 1_000;

/** Tries until there are orders; without them there is nothing to do but to wait for a person. */
export async function findOrders(
  say: (words: string) => void,
  signal: AbortSignal,
): Promise<HyperDoorOrders> {
  for (let round = 0; ; round += 1) {
    const found = await tryAll();
    if (found !== undefined) {
      say(`has its orders from ${found.from}`);
      return found.orders;
    }
    if (round % 10 === 0) say("finds no orders in the instance's user data yet");
    await pause(pauseMs, signal);
    signal.throwIfAborted();
  }
}

async function tryAll(): Promise<{ orders: HyperDoorOrders; from: string } | undefined> {
  const firmware = parseOrders(await readFile(firmwareFile, "utf8").catch(() => ""));
  if (firmware !== undefined) return { orders: firmware, from: "QEMU" };
  const [drive, ...web] = await Promise.all([readDrives(), ...webSources.map(readWeb)]);
  if (drive !== undefined) return { orders: drive, from: "a drive" };
  const index = web.findIndex((found) => found !== undefined);
  const orders = web[index];
  return orders && { orders, from: webSources[index]?.of ?? "" };
}

/** Of user data that holds something else, nothing. */
export function parseOrders(text: string): HyperDoorOrders | undefined {
  for (const line of text.split("\n")) {
    if (!line.trimStart().startsWith("{")) continue;
    const orders = hyperDoorOrders.safeParse(jsonOf(line));
    if (orders.success) return orders.data;
  }
  return undefined;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Somebody else's user data.
    return undefined;
  }
}

async function readWeb(source: WebSource): Promise<HyperDoorOrders | undefined> {
  try {
    const headers = { ...source.headers, ...(await tokenHeader(source)) };
    const text = await answerOf(source.url, { headers });
    const plain = Buffer.from(text, "base64").toString("utf8");
    // Some hand on what was encoded for the order as it is.
    return source.isBase64 ? parseOrders(plain) : (parseOrders(text) ?? parseOrders(plain));
  } catch {
    // Nobody there: this is another cloud's machine.
    return undefined;
  }
}

async function tokenHeader({ token }: WebSource): Promise<Record<string, string>> {
  if (token === undefined) return {};
  return {
    [token.carry]: await answerOf(token.url, { method: "PUT", headers: { [token.ask]: "300" } }),
  };
}

async function answerOf(url: string, request: RequestInit): Promise<string> {
  const signal = AbortSignal.timeout(answerWithinMs);
  const answer = await fetch(url, { ...request, redirect: "error", signal });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.text();
}

async function readDrives(): Promise<HyperDoorOrders | undefined> {
  const { devices } = await listBlockDevices();
  for (const device of devices.flatMap((disk) => [disk, ...withAllBelow(disk)])) {
    if (device.sizeBytes === 0 || device.sizeBytes > largestDriveBytes) continue;
    const orders = await readDrive(device.path);
    if (orders !== undefined) return orders;
  }
  return undefined;
}

/** Config drives are 64 MB, NoCloud's mostly one. */
const largestDriveBytes = 128 * 1024 ** 2;

/** By its files: its label would have to be read in another way for each kind of file system. */
async function readDrive(path: string): Promise<HyperDoorOrders | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "drive-"));
  try {
    for (const type of ["iso9660", "vfat"]) {
      const { status } = await runTool("mount", ["-t", type, "-o", "ro", path, folder]);
      if (status !== 0) continue;
      try {
        return await readMounted(folder);
      } finally {
        await runTool("umount", [folder]);
      }
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readMounted(folder: string): Promise<HyperDoorOrders | undefined> {
  for (const file of driveSources) {
    const orders = parseOrders(await readFile(join(folder, file), "utf8").catch(() => ""));
    if (orders !== undefined) return orders;
  }
  return undefined;
}
