/**
 * QingCloud on loopback, as far as a target of ours sees it: one account in one zone. Requests are taken one
 * after the other. Source for the protocol: QingCloud API, "Signature", "Common parameters", "Error codes";
 * yunify/qingcloud-sdk-python, `conn/auth.py`, for POST.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { FakeCloud, Inventory } from "../fake-cloud.ts";
import { Calls } from "../faults.ts";
import { openGuests } from "../guests.ts";
import { openHyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import { actions, zoneless } from "./actions.ts";
import { imageActions, letImagesHappen } from "./images.ts";
import { instanceActions, letInstancesHappen } from "./instances.ts";
import { letEipsHappen, networkActions } from "./network.ts";
import { type Answer, authenticate, type Keys, Refusal, readParameters } from "./request.ts";
import { Account, type Delays, isGone, type Quotas } from "./state.ts";
import { letVolumesHappen, volumeActions } from "./volumes.ts";

export interface FakeQingcloud extends FakeCloud {
  readonly url: string;
  readonly account: Account;
  readonly keys: Keys;
}

export interface FakeQingcloudOptions {
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  readonly quotas?: Partial<Quotas>;
}

const quick: Delays = {
  ...{ createMs: 10, attachMs: 10, bootMs: 20, stopMs: 20, snapshotMs: 10, imageMs: 20 },
  ...{ eipMs: 10, applyMs: 10, deleteMs: 10, leaseMs: 30 },
};

const ample: Quotas = { volumes: 1000, instances: 60, eips: 20, snapshots: 1000 };

const handlers = { ...volumeActions, ...imageActions, ...instanceActions, ...networkActions };

const path = "/iaas/";

export async function startFakeQingcloud(
  options: FakeQingcloudOptions = {},
): Promise<FakeQingcloud> {
  const calls = new Calls();
  const keys = {
    accessKeyId: "QYFAKEFAKEFAKEFAKEFA",
    secretAccessKey: "fake/secret+of!40'(signs)*",
  };
  let queue: Promise<unknown> = Promise.resolve();

  const server = createServer((request, response) => {
    // One at a time, and in the order in which they came.
    queue = queue
      .then(async () => answer(request, response, await text(request)))
      .catch(() => request.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const guests = openGuests(options.machines, port);
  const doors = options.machines && openHyperDoors(options.machines);
  const account = new Account({
    ...{ machines: options.machines, guests, doors },
    delays: { ...quick, ...options.delays },
    quotas: { ...ample, ...options.quotas },
  });

  async function carryOut(request: IncomingMessage, form: URLSearchParams): Promise<Answer> {
    authenticate(request.method ?? "", request.url ?? "", form, keys);
    const action = form.get("action") ?? "";
    const [table, handler] = [actions[action], handlers[action]];
    if (table === undefined || handler === undefined) {
      throw new Refusal(1101, `InvalidRequestMethod, action [${action}] is not supported`);
    }
    const zone = form.get("zone");
    if (zone !== account.zone && !(zone === null && zoneless.has(action))) {
      throw new Refusal(2100, `ResourceNotFound, zone [${zone}] not found`);
    }
    const tooMany = account.throttled.get(action) ?? 0;
    if (tooMany > 0) {
      account.throttled.set(action, tooMany - 1);
      throw new Refusal(2500, "QuotasExceeded, too many API requests in a short time");
    }
    if (account.denied.has(action)) {
      throw new Refusal(1400, `PermissionDenied, you are not allowed to call [${action}]`);
    }
    const parameters = readParameters(form, table);
    await letVolumesHappen(account);
    await letImagesHappen(account);
    await letInstancesHappen(account);
    letEipsHappen(account);
    return handler(account, parameters);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    const form = new URLSearchParams(body);
    const action = form.get("action") ?? "";
    const fault = calls.next(action);
    let outcome = "ok";
    let json: Answer;
    try {
      if (fault?.when === "before") throw new FaultHit();
      json = { action: `${action}Response`, ...(await carryOut(request, form)), ret_code: 0 };
      if (fault?.when === "after") throw new FaultHit();
    } catch (error) {
      const { code, message } = refusalFor(error);
      outcome = fault === undefined ? String(code) : fault.how;
      json = { message, ret_code: code };
    }
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    // A refusal too.
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(json));
  }

  const url = `http://127.0.0.1:${port}${path}`;
  return {
    ...{ url, account, calls, keys },
    target: {
      platform: "qingcloud",
      config: {
        ...{ zone: account.zone, vxnetId: account.vxnetId, endpoint: url },
        ...{ launch: { sshPort: port }, lostAnswerMs: 100 },
      },
      credentials: { ...keys },
    },
    inventory: () => inventoryOf(account),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await queue;
      await doors?.close();
      await guests.closeAll();
    },
  };
}

function inventoryOf(account: Account): Inventory {
  const count = <T extends { status: string; transition: string; changesAt: number }>(
    things: ReadonlyMap<string, T>,
  ) =>
    [...things.values()].filter(
      (thing) =>
        !isGone(thing) && !["deleting", "terminating", "releasing"].includes(thing.transition),
    );
  return {
    instances: count(account.instances).length,
    volumes: count(account.volumes).length,
    snapshots: count(account.snapshots).length,
    images: count(account.images).filter(({ snapshotId }) => snapshotId !== undefined).length,
    addresses: count(account.eips).length,
    groups: account.groups.size,
  };
}

class FaultHit extends Error {}

/** What a handler did not expect is a failure of the service's own, as it is there. */
function refusalFor(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof FaultHit) return new Refusal(5000, "InternalError, internal error");
  return new Refusal(5000, `InternalError, ${error instanceof Error ? error.stack : error}`);
}
