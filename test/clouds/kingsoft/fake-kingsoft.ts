/**
 * KEC, EBS, VPC and EIP of Kingsoft Cloud on loopback, as far as a target of ours sees them: one account in one
 * region. Requests are taken one after the other. Sources for the protocol: sdk-go, common/client.go (AWS's
 * signature, version 4; forms); EBS API, "Response" (endocs.ksyun.com/documents/37593).
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { parseAuthorization, sign } from "../aws/sigv4.ts";
import type { FakeCloud, Inventory } from "../fake-cloud.ts";
import { Calls } from "../faults.ts";
import { openGuests } from "../guests.ts";
import { openHyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import { actions } from "./actions.ts";
import { instanceActions, letInstancesHappen } from "./instances.ts";
import { letAddressesHappen, networkActions } from "./network.ts";
import { priceActions } from "./prices.ts";
import { type Answer, Refusal, readParameters } from "./request.ts";
import { Account, type Delays, hyperDoorImage, type Quotas } from "./state.ts";
import { typeActions } from "./types.ts";
import { letVolumesHappen, volumeActions } from "./volumes.ts";

export interface FakeKingsoft extends FakeCloud {
  readonly url: string;
  readonly account: Account;
  readonly keys: { readonly accessKey: string; readonly secretKey: string };
}

export interface FakeKingsoftOptions {
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  readonly quotas?: Partial<Quotas>;
  readonly now?: () => number;
}

const quick: Delays = {
  createMs: 10,
  attachMs: 10,
  bootMs: 20,
  stopMs: 20,
  deleteMs: 20,
  snapshotMs: 10,
  addressMs: 10,
  shownAfterMs: 0,
};

const handlers = {
  ...{ ...volumeActions, ...instanceActions, ...networkActions },
  ...{ ...typeActions, ...priceActions },
};

/** Nobody has written down how much; AWS's own, whose signature it is. */
const mostSkewMs = 15 * 60_000;

export async function startFakeKingsoft(options: FakeKingsoftOptions = {}): Promise<FakeKingsoft> {
  const calls = new Calls();
  const keys = { accessKey: "AKLTfakefakefakefake", secretKey: "fake!secret'(key)*" };
  let queue: Promise<unknown> = Promise.resolve();

  function authenticate(request: IncomingMessage, body: string): string {
    const { method = "", url = "", headers } = request;
    const by = parseAuthorization(headers.authorization);
    if (by === undefined) {
      throw new Refusal(
        403,
        "MissingAuthenticationToken",
        "Request is missing Authentication Token.",
      );
    }
    if (by.accessKeyId !== keys.accessKey) {
      throw new Refusal(403, "InvalidClientTokenId", "The access key is not there.");
    }
    if (by.region !== account.region) {
      throw new Refusal(400, "InvalidParameterValue", "Invalid region in the credential's scope.");
    }
    const expected = sign({ method, url, headers, body }, by, keys.secretKey);
    const isSigned = ["host", "x-amz-date"].every((name) => by.signedHeaders.includes(name));
    if (!isSigned || expected !== by.signature) {
      throw new Refusal(403, "SignatureDoesNotMatch", "The request signature does not match.");
    }
    const date = String(headers["x-amz-date"]);
    const sentAt = Date.parse(
      date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
    );
    if (!(Math.abs(Date.now() - sentAt) < mostSkewMs)) {
      throw new Refusal(403, "SignatureDoesNotMatch", `Signature expired: ${date}`);
    }
    return by.service;
  }

  async function carryOut(service: string, query: URLSearchParams, body: string): Promise<Answer> {
    const action = query.get("Action") ?? "";
    const table = actions[service]?.[action];
    const handler = handlers[action];
    if (table === undefined || query.get("Version") !== "2016-03-04") {
      throw new Refusal(404, "InvalidAction", `The action ${action} is not there.`);
    }
    // Before anything is looked at.
    if (account.denied.has(action)) {
      throw new Refusal(403, "AccessDenied", `User is not authorized to perform ${action}.`);
    }
    const parameters = readParameters(body, table);
    if (account.unpaid.has(action)) {
      throw new Refusal(400, "InsufficientBalance", "账户余额不足");
    }
    if (handler === undefined) throw new Error(`nobody wrote ${action}`);
    await letVolumesHappen(account);
    letAddressesHappen(account);
    await letInstancesHappen(account);
    return handler(account, parameters);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    const query = new URLSearchParams(request.url?.split("?")[1] ?? "");
    const action = query.get("Action") ?? "";
    const fault = calls.next(action);
    const RequestId = randomUUID();
    let outcome = "ok";
    let status = 200;
    let json: Answer;
    try {
      if (fault?.when === "before") throw new FaultHit();
      const service = authenticate(request, body);
      json = { RequestId, ...(await carryOut(service, query, body)) };
      if (fault?.when === "after") throw new FaultHit();
    } catch (error) {
      const refusal = error instanceof Refusal ? error : refusalFor(error);
      ({ status } = refusal);
      outcome = fault === undefined ? refusal.code : fault.how;
      const { code: Code, message: Message } = refusal;
      json = { RequestId, Error: { Type: status < 500 ? "Sender" : "Receiver", Code, Message } };
    }
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    // XML unless told.
    if (!String(request.headers.accept).includes("application/json")) {
      response.writeHead(status, { "content-type": "text/xml" }).end(`<${action}Response/>`);
      return;
    }
    response
      .writeHead(status, { "content-type": "application/json;charset=UTF-8" })
      .end(JSON.stringify(json));
  }

  const server = createServer((request, response) => {
    // One at a time, and in the order in which they came.
    queue = queue
      .then(async () => answer(request, response, await text(request)))
      .catch(() => request.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  // The port is free on the addresses of launched servers too: nobody else listens there.
  const guests = openGuests(options.machines, port);
  const doors = options.machines && openHyperDoors(options.machines);
  const account = new Account({
    machines: options.machines,
    ...{ guests, doors },
    delays: { ...quick, ...options.delays },
    quotas: { volumes: 1000, addresses: 20, instances: 100, ...options.quotas },
    now: options.now ?? (() => performance.now()),
  });

  return {
    url,
    account,
    calls,
    keys,
    target: {
      platform: "kingsoft",
      config: {
        region: account.region,
        subnetId: account.subnetId,
        hyperDoor: { image: hyperDoorImage },
        launch: { sshPort: port },
        endpoints: { kec: url, ebs: url, vpc: url, eip: url },
        lostAnswerMs: 200,
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
      await guests.closeAll();
    },
  };
}

/** What is being deleted is gone. What is in the bin is not. */
function inventoryOf(account: Account): Inventory {
  const { instances, volumes, snapshots, addresses, groups } = account;
  return {
    instances: [...instances.values()].filter(({ state }) => state !== "deleting").length,
    volumes: [...volumes.values()].filter(({ status }) => status !== "deleting").length,
    snapshots: [...snapshots.values()].filter(({ status }) => status !== "deleting").length,
    images: 0,
    addresses: addresses.size,
    groups: groups.size,
  };
}

class FaultHit extends Error {}

/** What a handler did not expect is a failure of the service's own, as it is there. */
function refusalFor(error: unknown): Refusal {
  const said = error instanceof Error && !(error instanceof FaultHit) ? error.stack : undefined;
  return new Refusal(500, "INTERNAL_FAILURE", said ?? "The request has failed for some reason.");
}
