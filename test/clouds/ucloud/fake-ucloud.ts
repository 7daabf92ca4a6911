/**
 * UCloud's API on loopback, as far as a target of ours sees it: one project in one zone. Requests are taken
 * one after the other. Source for the protocol: UCloud API, "公共参数" and "签名算法".
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
import { catalogueActions } from "./catalogue.ts";
import { diskActions, letDisksHappen } from "./disks.ts";
import { hostActions, letHostsHappen } from "./hosts.ts";
import { networkActions } from "./network.ts";
import { priceActions } from "./prices.ts";
import { Refusal, readParameters, signatureOf } from "./request.ts";
import { type Delays, hyperDoorImageId, Project, type Quotas } from "./state.ts";

export interface FakeUCloud extends FakeCloud {
  readonly url: string;
  readonly project: Project;
}

export interface FakeUCloudOptions {
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  readonly quotas?: Partial<Quotas>;
}

const quick: Delays = {
  ...{ createMs: 10, attachMs: 10, bootMs: 10, stopMs: 20, snapshotMs: 10, cloneMs: 10 },
  shownAfterMs: 0,
};
const ample: Quotas = { disks: 1000, hosts: 60, eips: 20, snapshots: 60 };

/** Take neither region nor project. Source: UAccount API. */
const ofAccount = new Set(["GetProjectList", "GetRegion"]);

const handlers = {
  ...{ ...catalogueActions, ...diskActions, ...hostActions, ...networkActions, ...priceActions },
};

export async function startFakeUCloud(options: FakeUCloudOptions = {}): Promise<FakeUCloud> {
  const keys = { publicKey: "fake@example.com1296235120854146120", privateKey: "46f0fake=&+/%key" };
  const calls = new Calls();
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
  const project = new Project({
    machines: options.machines,
    guests,
    doors: options.machines && openHyperDoors(options.machines),
    delays: { ...quick, ...options.delays },
    quotas: { ...ample, ...options.quotas },
    now: () => performance.now(),
  });

  function authenticate(form: ReadonlyMap<string, string>): void {
    if (!form.has("Signature")) throw new Refusal(170, "Missing signature");
    if (form.get("PublicKey") !== keys.publicKey) throw new Refusal(172, "User not exists");
    if (form.has("SecurityToken")) throw new Refusal(174, "Token not exists");
    if (form.get("Signature") !== signatureOf(form, keys.privateKey)) {
      throw new Refusal(171, "Signature VerifyAC Error");
    }
  }

  async function carryOut(action: string, form: ReadonlyMap<string, string>) {
    const tooMany = project.throttled.get(action) ?? 0;
    if (tooMany > 0) {
      project.throttled.set(action, tooMany - 1);
      throw new Refusal(153, "Request was rejected because of flow control");
    }
    const fits = (name: string, value: string) =>
      form.get(name) === value || (ofAccount.has(action) && !form.has(name));
    if (!fits("ProjectId", project.projectId)) throw new Refusal(292, "Project not exists");
    // Before a product sees the call.
    if (project.denied.has(action)) throw new Refusal(299, "IAM permission denied");
    const handler = handlers[action];
    if (handler === undefined) throw new Refusal(161, `Action [${action}] not found`);
    if (!fits("Region", project.region)) throw new Refusal(230, "Params [Region] not available");
    const parameters = readParameters(action, form);
    const unpaid = project.unpaid.get(action);
    if (unpaid !== undefined) throw new Refusal(unpaid, "余额不足，请充值");
    letDisksHappen(project);
    await letHostsHappen(project);
    return handler(project, parameters);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<void> {
    if (request.headers["content-type"] !== "application/x-www-form-urlencoded") {
      throw new Error("a form was expected");
    }
    const form = new Map(new URLSearchParams(body));
    const action = form.get("Action") ?? "";
    const fault = calls.next(action);
    let outcome = "ok";
    let told: object;
    try {
      if (fault?.when === "before") throw new FaultHit();
      if (action === "") throw new Refusal(160, "Missing Action");
      authenticate(form);
      told = { RetCode: 0, ...(await carryOut(action, form)) };
      if (fault?.when === "after") throw new FaultHit();
    } catch (error) {
      const { retCode, message } = error instanceof Refusal ? error : failure(error);
      outcome = fault === undefined ? String(retCode) : fault.how;
      told = { RetCode: retCode, Message: message };
    }
    calls.made.push({ action, outcome });
    if (fault?.how === "cut") {
      request.socket.destroy();
      return;
    }
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ Action: `${action}Response`, ...told }));
  }

  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    project,
    calls,
    target: {
      platform: "ucloud",
      config: {
        ...{ region: project.region, zone: project.zone, projectId: project.projectId },
        subnetId: project.subnetId,
        hyperDoor: { image: hyperDoorImageId },
        launch: { sshPort: port },
        endpoint: url,
        lostAnswerMs: 300,
      },
      credentials: keys,
    },
    inventory: () => ({
      instances: project.hosts.size,
      volumes: project.disks.size,
      snapshots: project.snapshots.size,
      images: 0,
      addresses: project.eips.size,
      groups: project.firewalls.size,
    }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await queue;
      await project.doors?.close();
      await guests.closeAll();
    },
  };
}

class FaultHit extends Error {}

/** "API 网关或者认证鉴权服务异常": nobody knows whether it took effect. */
function failure(error: unknown): Refusal {
  const said = error instanceof Error && !(error instanceof FaultHit) ? error.stack : undefined;
  return new Refusal(130, said ?? "Service gateway error");
}
