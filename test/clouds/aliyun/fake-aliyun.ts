/**
 * ECS, VPC and STS of Alibaba Cloud on loopback, as far as a target of ours sees them: one account in one
 * region. Requests are taken one after the other. Source for the protocol: Alibaba Cloud SDK, "Request
 * syntax and signature method V3".
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { FakeCloud, Inventory } from "../fake-cloud.ts";
import { Calls } from "../faults.ts";
import { openHyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import { parseAuthorization, sign } from "./acs3.ts";
import { actions } from "./actions.ts";
import { diskActions, letDisksHappen } from "./disks.ts";
import { imageActions } from "./images.ts";
import { instanceActions, letInstancesHappen } from "./instances.ts";
import { letEipsHappen, networkActions } from "./network.ts";
import { placeActions } from "./places.ts";
import { priceActions } from "./prices.ts";
import { type Answer, Refusal, readParameters } from "./rpc.ts";
import { Account, type Delays, type Quotas } from "./state.ts";
import { typeActions } from "./types.ts";

export interface FakeAliyun extends FakeCloud {
  readonly url: string;
  readonly account: Account;
  readonly keys: { readonly accessKeyId: string; readonly accessKeySecret: string };
}

export interface FakeAliyunOptions {
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  readonly quotas?: Partial<Quotas>;
  readonly now?: () => number;
}

const quick: Delays = {
  createMs: 20,
  attachMs: 20,
  bootMs: 20,
  stopMs: 50,
  snapshotMs: 20,
  imageMs: 20,
  eipMs: 20,
  shownAfterMs: 0,
};

const handlers = {
  ...diskActions,
  ...imageActions,
  ...instanceActions,
  ...networkActions,
  ...placeActions,
  ...priceActions,
  ...typeActions,
};

const versions: Record<string, string> = {
  "2014-05-26": "ecs",
  "2016-04-28": "vpc",
  "2015-04-01": "sts",
};

/** A request's clock may be wrong by this much. Source: error centre, InvalidTimeStamp.Expired. */
const mostSkewMs = 15 * 60_000;

/** All of a call is in its address: Node's own limit of 16 KiB would refuse what the platform takes. */
const maxHeaderSize = 256 * 1024;

export async function startFakeAliyun(options: FakeAliyunOptions = {}): Promise<FakeAliyun> {
  const doors = options.machines && openHyperDoors(options.machines);
  const account = new Account({
    ...{ machines: options.machines, doors },
    delays: { ...quick, ...options.delays },
    quotas: { disks: 1000, eips: 20, vcpus: 100, snapshots: 256, ...options.quotas },
    now: options.now ?? (() => performance.now()),
  });
  const calls = new Calls();
  const keys = { accessKeyId: "LTAI5tFakeFakeFakeFakeF", accessKeySecret: "fake!secret'(key)*" };
  const nonces = new Set<string>();
  let queue: Promise<unknown> = Promise.resolve();

  function authenticate(request: IncomingMessage, body: string): void {
    const { method = "", url = "", headers } = request;
    const by = parseAuthorization(headers.authorization);
    if (by === undefined) {
      throw new Refusal(400, "IncompleteSignature", "The request signature does not conform.");
    }
    if (by.accessKeyId !== keys.accessKeyId) {
      throw new Refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
    }
    const mustBeSigned = Object.keys(headers).filter((name) => name.startsWith("x-acs-"));
    if (
      !["host", ...mustBeSigned].every((name) => by.signedHeaders.includes(name)) ||
      sign({ method, url, headers, body }, by, keys.accessKeySecret) !== by.signature
    ) {
      throw new Refusal(
        400,
        "SignatureDoesNotMatch",
        "Specified signature does not match our calculation.",
      );
    }
    const sentAt = Date.parse(String(headers["x-acs-date"]));
    if (!(Math.abs(Date.now() - sentAt) < mostSkewMs)) {
      throw new Refusal(
        400,
        "InvalidTimeStamp.Expired",
        "Specified time stamp or date value is expired.",
      );
    }
    const nonce = String(headers["x-acs-signature-nonce"]);
    if (nonces.has(nonce)) {
      throw new Refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already.");
    }
    nonces.add(nonce);
  }

  async function carryOut(product: string, action: string, query: string): Promise<Answer> {
    const table = actions[product]?.[action];
    const handler = handlers[action];
    if (table === undefined) {
      throw new Refusal(404, "InvalidAction.NotFound", "Specified api is not found.");
    }
    // Before anything is looked at.
    if (account.denied.has(action)) {
      throw new Refusal(
        403,
        "Forbidden.RAM",
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
      );
    }
    const parameters = readParameters(query, table);
    if (product === "sts") {
      const Arn = `acs:ram::${account.accountId}:user/hypermotion`;
      return { AccountId: account.accountId, Arn, IdentityType: "RAMUser" };
    }
    if (new URLSearchParams(query).get("RegionId") !== account.region) {
      throw new Refusal(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.");
    }
    if (account.unpaid.has(action)) {
      throw new Refusal(
        403,
        "InvalidAccountStatus.NotEnoughBalance",
        "Your account does not have enough balance.",
      );
    }
    if (handler === undefined) throw new Error(`nobody wrote ${action}`);
    letDisksHappen(account);
    letEipsHappen(account);
    await letInstancesHappen(account);
    if (parameters.flag("DryRun")) {
      throw new Refusal(400, "DryRunOperation", "Request validation has been passed with DryRun.");
    }
    return handler(account, parameters);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    const action = String(request.headers["x-acs-action"] ?? "");
    const product = versions[String(request.headers["x-acs-version"])] ?? "";
    const fault = calls.next(action);
    const RequestId = randomUUID().toUpperCase();
    let outcome = "ok";
    let status = 200;
    let json: Answer;
    try {
      if (fault?.when === "before") throw new FaultHit();
      authenticate(request, body);
      json = { RequestId, ...(await carryOut(product, action, queryOf(request))) };
      if (fault?.when === "after") throw new FaultHit();
    } catch (error) {
      const refusal = error instanceof Refusal ? error : refusalFor(error);
      ({ status } = refusal);
      outcome = fault === undefined ? refusal.code : fault.how;
      const { code: Code, message: Message } = refusal;
      json = { RequestId, HostId: request.headers.host, Code, Message, Recommend: "" };
    }
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    response
      .writeHead(status, { "content-type": "application/json;charset=utf-8" })
      .end(JSON.stringify(json));
  }

  const server = createServer({ maxHeaderSize }, (request, response) => {
    // One at a time, and in the order in which they came.
    queue = queue
      .then(async () => answer(request, response, await text(request)))
      .catch(() => request.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    account,
    calls,
    keys,
    target: {
      platform: "aliyun",
      config: {
        region: account.region,
        vSwitchId: account.vSwitchId,
        endpoints: { ecs: url, vpc: url, sts: url },
      },
      credentials: keys,
    },
    inventory: () => inventoryOf(account),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await queue;
      await doors?.close();
    },
  };
}

const queryOf = ({ url = "" }: IncomingMessage) => url.split("?")[1] ?? "";

function inventoryOf(account: Account): Inventory {
  const instances = [...account.instances.values()].filter(({ state }) => state !== "Releasing");
  return {
    instances: instances.length,
    volumes: account.disks.size,
    snapshots: account.snapshots.size,
    images: [...account.images.values()].filter(({ snapshotId }) => snapshotId).length,
    addresses: account.eips.size,
    groups: account.groups.size,
  };
}

class FaultHit extends Error {}

/** What a handler did not expect is a failure of the service's own, as it is there. */
function refusalFor(error: unknown): Refusal {
  const said = error instanceof Error && !(error instanceof FaultHit) ? error.stack : undefined;
  return new Refusal(
    500,
    "InternalError",
    said ?? "The request processing has failed due to some unknown error.",
  );
}
