/**
 * EC2 and STS on loopback, as far as a target of ours sees them: one account in one region, spoken to by
 * the real SDK over the wire. Requests are taken one after the other.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { FakeCloud, Inventory } from "../fake-cloud.ts";
import { Calls } from "../faults.ts";
import type { Machines } from "../machines.ts";
import { ec2Actions, stsActions } from "./actions.ts";
import { imageActions } from "./images.ts";
import { instanceActions, letThingsHappen } from "./instances.ts";
import { networkActions } from "./network.ts";
import { Refusal, readParameters, toXml, type Xml } from "./query.ts";
import { parseAuthorization, sign } from "./sigv4.ts";
import { Account, type Delays, type Quotas } from "./state.ts";
import { volumeActions } from "./volumes.ts";

export interface FakeAws extends FakeCloud {
  readonly url: string;
  readonly account: Account;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** A role with this external id may be assumed. */
  readonly role: { readonly arn: string; readonly externalId: string };
}

export interface FakeAwsOptions {
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  readonly quotas?: Partial<Quotas>;
  readonly now?: () => number;
}

const quick: Delays = {
  createMs: 20,
  attachMs: 20,
  bootMs: 50,
  stopMs: 50,
  snapshotMs: 20,
  shownAfterMs: 0,
  interfaceMs: 0,
};

const handlers = { ...volumeActions, ...instanceActions, ...networkActions, ...imageActions };

/** A request's clock may be wrong by this much. Source: IAM user guide, "Troubleshoot signed requests". */
const mostSkewMs = 5 * 60_000;

export async function startFakeAws(options: FakeAwsOptions = {}): Promise<FakeAws> {
  const now = options.now ?? (() => performance.now());
  const account = new Account({
    machines: options.machines,
    delays: { ...quick, ...options.delays },
    quotas: { volumes: 1000, addresses: 5, vcpus: 64, ...options.quotas },
    now,
  });
  const calls = new Calls();
  const keys = { accessKeyId: "AKIAFAKEFAKEFAKEFAKE", secretAccessKey: "fake/secret+key" };
  const role = {
    arn: `arn:aws:iam::${account.accountId}:role/hypermotion-target`,
    externalId: "told-by-the-customer",
  };
  const sessions = new Map<string, { secret: string; token: string }>([
    [keys.accessKeyId, { secret: keys.secretAccessKey, token: "" }],
  ]);
  let queue: Promise<unknown> = Promise.resolve();

  /** @throws Refusal. Source: IAM user guide, "Signature Version 4 signing process" */
  function authenticate(request: IncomingMessage, body: string): string {
    const by = parseAuthorization(request.headers.authorization);
    if (by === undefined) {
      throw new Refusal(
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
        403,
      );
    }
    const session = sessions.get(by.accessKeyId);
    const unknown = by.service === "sts" ? "InvalidClientTokenId" : "AuthFailure";
    if (
      session === undefined ||
      session.token !== (request.headers["x-amz-security-token"] ?? "")
    ) {
      throw new Refusal(
        unknown,
        "AWS was not able to validate the provided access credentials",
        401,
      );
    }
    const { method = "", url = "", headers } = request;
    if (sign({ method, url, headers, body }, by, session.secret) !== by.signature) {
      const wrong = by.service === "sts" ? "SignatureDoesNotMatch" : "AuthFailure";
      throw new Refusal(wrong, "The signature we calculated does not match", 401);
    }
    const stamp = String(headers["x-amz-date"] ?? "");
    const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp) ?? [];
    const sentAt = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
    if (!(Math.abs(Date.now() - sentAt) < mostSkewMs)) {
      throw new Refusal("RequestExpired", "Request has expired.");
    }
    if (by.region !== account.region) {
      throw new Refusal(unknown, `Credential should be scoped to region ${account.region}`, 401);
    }
    return by.service;
  }

  async function ec2(action: string, body: string): Promise<Xml> {
    const table = ec2Actions[action];
    const handler = handlers[action];
    if (table === undefined || handler === undefined || account.missingActions.has(action)) {
      throw new Refusal("InvalidAction", `The action ${action} is not valid for this web service.`);
    }
    const parameters = readParameters(body, table);
    if (account.denied.has(action)) {
      const user = `arn:aws:iam::${account.accountId}:user/hypermotion`;
      throw new Refusal(
        "UnauthorizedOperation",
        `You are not authorized to perform this operation. User: ${user} is not authorized to perform: ec2:${action} on resource: *`,
        403,
      );
    }
    if (parameters.flag("DryRun")) {
      throw new Refusal("DryRunOperation", "Request would have succeeded, but DryRun is set", 412);
    }
    await letThingsHappen(account);
    return handler(account, parameters);
  }

  function sts(action: string, body: string): Xml {
    const table = stsActions[action];
    if (table === undefined)
      throw new Refusal("InvalidAction", `Could not find operation ${action}`);
    const parameters = readParameters(body, table);
    if (action === "GetCallerIdentity") {
      const Arn = `arn:aws:iam::${account.accountId}:user/hypermotion`;
      return { Arn, UserId: "AIDAFAKE", Account: account.accountId };
    }
    if (
      parameters.get("RoleArn") !== role.arn ||
      parameters.find("ExternalId") !== role.externalId
    ) {
      throw new Refusal("AccessDenied", `not authorized to perform: sts:AssumeRole`, 403);
    }
    const AccessKeyId = `ASIAFAKE${String(sessions.size).padStart(12, "0")}`;
    sessions.set(AccessKeyId, { secret: `secret-${sessions.size}`, token: "token-of-the-role" });
    return {
      Credentials: {
        AccessKeyId,
        SecretAccessKey: sessions.get(AccessKeyId)?.secret,
        SessionToken: "token-of-the-role",
        Expiration: new Date(Date.now() + 3600_000).toISOString(),
      },
      AssumedRoleUser: { Arn: role.arn, AssumedRoleId: "AROAFAKE:hypermotion" },
    };
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    const action = new URLSearchParams(body).get("Action") ?? "";
    const fault = calls.next(action);
    let outcome = "ok";
    let status = 200;
    let xml = "";
    try {
      if (fault?.when === "before") throw new FaultHit();
      const service = authenticate(request, body);
      const result = service === "sts" ? sts(action, body) : await ec2(action, body);
      xml =
        service === "sts"
          ? `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${toXml(result)}</${action}Result><ResponseMetadata><RequestId>fake</RequestId></ResponseMetadata></${action}Response>`
          : `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>fake</requestId>${toXml(result)}</${action}Response>`;
      if (fault?.when === "after") throw new FaultHit();
    } catch (error) {
      const refusal = error instanceof Refusal ? error : refusalFor(error);
      ({ status } = refusal);
      outcome = refusal.code;
      xml = errorXml(request, refusal);
      if (fault !== undefined) outcome = fault.how;
    }
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, { "content-type": "text/xml;charset=UTF-8" }).end(xml);
  }

  const server = createServer((request, response) => {
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
    role,
    target: {
      platform: "aws",
      config: {
        region: account.region,
        subnetId: account.subnetId,
        endpoints: { ec2: url, sts: url },
        lostAnswerMs: 500,
      },
      credentials: { ...keys, roleArn: role.arn, externalId: role.externalId },
    },
    inventory: () => inventoryOf(account),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await queue;
    },
  };
}

function inventoryOf(account: Account): Inventory {
  const there = [...account.instances.values()].filter(
    ({ state }) => state !== "terminated" && state !== "shutting-down",
  );
  return {
    instances: there.length,
    volumes: account.volumes.size,
    snapshots: account.snapshots.size,
    images: [...account.images.values()].filter(({ owner }) => owner === account.accountId).length,
    addresses: account.addresses.size,
    groups: account.groups.size,
  };
}

class FaultHit extends Error {}

/** What a handler did not expect is a failure of the service's own, as it is at AWS. */
function refusalFor(error: unknown): Refusal {
  if (error instanceof FaultHit) {
    return new Refusal("InternalError", "An internal error has occurred", 500);
  }
  return new Refusal("InternalError", error instanceof Error ? (error.stack ?? "") : "", 500);
}

/** The two services word their errors apart. Sources: EC2 API reference, "API error response"; STS API reference. */
function errorXml(request: IncomingMessage, { code, message }: Refusal): string {
  const body = toXml({ Code: code, Message: message });
  return request.headers.authorization?.includes("/sts/")
    ? `<ErrorResponse><Error><Type>Sender</Type>${body}</Error><RequestId>fake</RequestId></ErrorResponse>`
    : `<?xml version="1.0"?><Response><Errors><Error>${body}</Error></Errors><RequestID>fake</RequestID></Response>`;
}
