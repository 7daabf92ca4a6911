/**
 * CVM, CBS, VPC and STS on loopback, as far as a target of ours sees them: one account in one region,
 * spoken to by the real SDK over the wire. Requests are taken one after the other.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { FakeCloud } from "../fake-cloud.ts";
import { Calls } from "../faults.ts";
import { openGuests } from "../guests.ts";
import { openHyperDoors } from "../hyperdoor.ts";
import type { Machines } from "../machines.ts";
import { services } from "./actions.ts";
import { diskActions, letDisksSettle } from "./disks.ts";
import { imageActions } from "./images.ts";
import { instanceActions, letInstancesSettle } from "./instances.ts";
import { letAddressesSettle, networkActions } from "./network.ts";
import { Refusal, readBody } from "./request.ts";
import { Account, type Delays, type Habits, type Quotas } from "./state.ts";
import { parseAuthorization, sign } from "./tc3.ts";

export interface FakeTencent extends FakeCloud {
  readonly url: string;
  readonly account: Account;
}

export interface FakeTencentOptions {
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  readonly quotas?: Partial<Quotas>;
  readonly habits?: Partial<Habits>;
}

const quick: Delays = {
  attachMs: 20,
  bootMs: 50,
  stopMs: 50,
  snapshotMs: 20,
  imageMs: 20,
  addressMs: 20,
  shownAfterMs: 0,
  interfaceMs: 0,
};
const ample: Quotas = { disks: 1000, instances: 60, addresses: 20, images: 100, snapshots: 1000 };

/** A request's clock may be wrong by this much. Source: API guide, AuthFailure.SignatureExpire. */
const mostSkewSeconds = 300;

type Handler = (account: Account, request: object) => object | Promise<object>;
const handlers = {
  ...diskActions,
  ...imageActions,
  ...instanceActions,
  ...networkActions,
  GetCallerIdentity: ({ uin }: Account) => ({
    Arn: `qcs::cam::uin/${uin}:uin/${uin}`,
    AccountId: uin,
    UserId: uin,
    PrincipalId: uin,
    Type: "CAMUser",
  }),
} as unknown as Readonly<Record<string, Handler>>;

export async function startFakeTencent(options: FakeTencentOptions = {}): Promise<FakeTencent> {
  const keys = { secretId: "AKIDfakefakefakefake", secretKey: "fake/secret+key-of-32-characters" };
  const calls = new Calls();
  let queue: Promise<unknown> = Promise.resolve();
  let requests = 0;

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
  const account = new Account({
    machines: options.machines,
    guests,
    doors: options.machines && openHyperDoors(options.machines),
    delays: { ...quick, ...options.delays },
    quotas: { ...ample, ...options.quotas },
    habits: { systemSnapshots: "taken", recycles: false, ...options.habits },
    now: () => performance.now(),
  });

  /** @throws Refusal. Source: API guide, "Signature v3" and "Common error codes" */
  function authenticate({ headers }: IncomingMessage, body: string): void {
    const by = parseAuthorization(headers.authorization);
    if (by === undefined) {
      throw new Refusal("AuthFailure.InvalidAuthorization", "The authorization is not valid.");
    }
    if (by.secretId !== keys.secretId) {
      throw new Refusal("AuthFailure.SecretIdNotFound", "The SecretId is not found.");
    }
    if (headers["x-tc-token"] !== undefined) {
      throw new Refusal("AuthFailure.TokenFailure", "The token is not valid.");
    }
    const signed = {
      contentType: String(headers["content-type"]),
      host: String(headers.host).replace(/:\d+$/, ""),
      timestamp: String(headers["x-tc-timestamp"]),
      body,
    };
    if (sign(signed, by, keys.secretKey) !== by.signature) {
      throw new Refusal(
        "AuthFailure.SignatureFailure",
        "The provided credentials could not be validated. Please check your signature is correct.",
      );
    }
    const { timestamp } = signed;
    const date = new Date(Number(timestamp) * 1000).toISOString().slice(0, 10);
    const skew = Math.abs(Date.now() / 1000 - Number(timestamp));
    if (skew > mostSkewSeconds || by.date !== date) {
      throw new Refusal("AuthFailure.SignatureExpire", "The signature has expired.");
    }
  }

  async function carryOut(action: string, headers: IncomingMessage["headers"], body: string) {
    const [service, { version, actions }] =
      Object.entries(services).find(([, one]) => action in one.actions) ?? notAnAction(action);
    if (headers["x-tc-version"] !== version) {
      throw new Refusal("NoSuchVersion", "The version is not supported.");
    }
    if (headers["x-tc-region"] !== account.region) {
      throw new Refusal("UnsupportedRegion", "The region is not supported.");
    }
    const request = readBody(body, actions[action] ?? {});
    const tooMany = account.throttled.get(action) ?? 0;
    if (tooMany > 0) {
      account.throttled.set(action, tooMany - 1);
      throw new Refusal("RequestLimitExceeded", "Your request is too frequent.");
    }
    if (account.denied.has(action)) {
      // CBS is part of CVM where permissions are concerned.
      const product = service === "cbs" ? "cvm" : service;
      throw new Refusal(
        "UnauthorizedOperation",
        `you are not authorized to perform operation (${product}:${action})\nresource (qcs::${product}:${account.region}:uin/${account.uin}:*) has no permission\n`,
      );
    }
    await letInstancesSettle(account);
    letDisksSettle(account);
    letAddressesSettle(account);
    return (handlers[action] ?? notAnAction(action))(account, request);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    const action = String(request.headers["x-tc-action"] ?? "");
    const fault = calls.next(action);
    requests += 1;
    const RequestId = `00000000-0000-4000-8000-${String(requests).padStart(12, "0")}`;
    let outcome = "ok";
    let told: object;
    try {
      if (fault?.when === "before") throw new FaultHit();
      authenticate(request, body);
      told = await carryOut(action, request.headers, body);
      if (fault?.when === "after") throw new FaultHit();
    } catch (error) {
      const { code, message } = refusalFor(error);
      outcome = fault === undefined ? code : fault.how;
      told = { Error: { Code: code, Message: message } };
    }
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ Response: { ...told, RequestId } }));
  }

  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    account,
    calls,
    target: {
      platform: "tencent",
      config: {
        region: account.region,
        subnetId: account.subnetId,
        endpoints: { cvm: url, cbs: url, vpc: url, sts: url },
        launch: { sshPort: port },
        lostAnswerMs: 500,
      },
      credentials: keys,
    },
    inventory: () => ({
      instances: [...account.instances.values()].filter(({ state }) => state !== "TERMINATING")
        .length,
      volumes: account.disks.size,
      snapshots: account.snapshots.size,
      images: [...account.images.values()].filter(({ snapshotId }) => snapshotId !== undefined)
        .length,
      addresses: account.addresses.size,
      groups: account.groups.size,
    }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await queue;
      await account.doors?.close();
      await guests.closeAll();
    },
  };
}

function notAnAction(action: string): never {
  throw new Refusal("InvalidAction", `The action \`${action}\` is not valid.`);
}

class FaultHit extends Error {}

/** What a handler did not expect is a failure of the service's own, as it is at Tencent. */
function refusalFor(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof FaultHit) return new Refusal("InternalError", "An internal error occurred.");
  return new Refusal("InternalError", error instanceof Error ? (error.stack ?? "") : "");
}
