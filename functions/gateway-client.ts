/** The console's side of a gateway's control API, with the gateway's certificate pinned. */
import { createHash } from "node:crypto";
import { request } from "node:https";
import type { TLSSocket } from "node:tls";
import { z } from "zod";
import { errorFromFacts, MigrationError } from "#domain/errors.ts";
import { errorFacts } from "#domain/protocol/facts.ts";
import {
  type DeviceHint,
  type DeviceList,
  deviceFound,
  deviceList,
  health,
  type RepairOrder,
  repairState,
  type SessionOrder,
  sessionState,
  type VerificationOrder,
  verificationState,
} from "#domain/protocol/gateway.ts";

export interface GatewayAddress {
  readonly gatewayId: string;
  readonly host: string;
  readonly port: number;
  readonly certificateFingerprint: string;
  readonly controlToken: string;
}

export interface GatewayClient {
  health(): Promise<z.output<typeof health>>;
  listDevices(): Promise<DeviceList>;
  /** Its path there. @throws `volume.not-attached`, `volume.ambiguous` */
  findDevice(volumeId: string, device: DeviceHint): Promise<string>;
  openSession(sessionId: string, order: SessionOrder): Promise<void>;
  findSession(sessionId: string): Promise<z.output<typeof sessionState> | undefined>;
  stopSession(sessionId: string): Promise<void>;
  startVerification(verificationId: string, order: VerificationOrder): Promise<void>;
  findVerification(verificationId: string): Promise<z.output<typeof verificationState> | undefined>;
  stopVerification(verificationId: string): Promise<void>;
  /** Closes a volume, so that it can be detached. */
  forgetVolume(volumeId: string): Promise<void>;
  startRepair(repairId: string, order: RepairOrder): Promise<void>;
  findRepair(repairId: string): Promise<z.output<typeof repairState> | undefined>;
}

const requestTimeoutMs = 20_000;
const maxAnswerBytes = 1 << 20;

interface Answer {
  status: number;
  body: string;
}

/** Every method throws `gateway.unreachable` (retryable) or the error the gateway answered. */
export function openGatewayClient(address: GatewayAddress): GatewayClient {
  async function call(method: string, path: string, body?: unknown) {
    const answer = await send(address, method, path, body);
    if (answer.status >= 200 && answer.status < 300) return answer;
    if (answer.status === 404 && method !== "PUT" && method !== "POST") return undefined;
    throw errorOf(address.gatewayId, answer);
  }

  async function find<S extends z.ZodType>(
    path: string,
    schema: S,
  ): Promise<z.output<S> | undefined> {
    const answer = await call("GET", path);
    return answer === undefined ? undefined : schema.parse(JSON.parse(answer.body));
  }

  return {
    async health() {
      const answer = await find("/v1/health", health);
      if (answer === undefined) throw unreachable(address.gatewayId, "404 for its health");
      return answer;
    },
    async listDevices() {
      const list = await find("/v1/devices", deviceList);
      if (list === undefined) throw unreachable(address.gatewayId, "404 for its devices");
      return list;
    },
    async findDevice(volumeId, device) {
      const answer = await call("POST", "/v1/devices/find", { volumeId, device });
      return deviceFound.parse(JSON.parse(answer?.body ?? "")).path;
    },
    async openSession(sessionId, order) {
      await call("PUT", `/v1/sessions/${encodeURIComponent(sessionId)}`, order);
    },
    findSession: (sessionId) => find(`/v1/sessions/${encodeURIComponent(sessionId)}`, sessionState),
    async stopSession(sessionId) {
      await call("DELETE", `/v1/sessions/${encodeURIComponent(sessionId)}`);
    },
    async startVerification(verificationId, order) {
      await call("PUT", `/v1/verifications/${encodeURIComponent(verificationId)}`, order);
    },
    findVerification: (verificationId) =>
      find(`/v1/verifications/${encodeURIComponent(verificationId)}`, verificationState),
    async stopVerification(verificationId) {
      await call("DELETE", `/v1/verifications/${encodeURIComponent(verificationId)}`);
    },
    async forgetVolume(volumeId) {
      await call("DELETE", `/v1/volumes/${encodeURIComponent(volumeId)}`);
    },
    async startRepair(repairId, order) {
      await call("PUT", `/v1/repairs/${encodeURIComponent(repairId)}`, order);
    },
    findRepair: (repairId) => find(`/v1/repairs/${encodeURIComponent(repairId)}`, repairState),
  };
}

function unreachable(gateway: string, problem: string, cause?: unknown): MigrationError {
  return new MigrationError("gateway.unreachable", { gateway, problem }, { cause });
}

function errorOf(gateway: string, answer: Answer): MigrationError {
  const parsed = z.object({ error: errorFacts }).safeParse(safeJson(answer.body));
  if (parsed.success) return errorFromFacts(parsed.data.error);
  if (answer.status >= 500) return unreachable(gateway, `status ${answer.status}`);
  return new MigrationError("gateway.refused", { gateway, problem: `status ${answer.status}` });
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is an answer too: the caller judges by status then.
    return undefined;
  }
}

function send(
  address: GatewayAddress,
  method: string,
  path: string,
  body: unknown,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const req = request({
      host: address.host,
      port: address.port,
      method,
      path,
      agent: false,
      timeout: requestTimeoutMs,
      minVersion: "TLSv1.3",
      // Self-signed on purpose: what counts is the fingerprint, checked before anything is sent.
      rejectUnauthorized: false,
      headers: {
        authorization: `Bearer ${address.controlToken}`,
        ...(payload === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
      },
    });
    req.on("socket", (socket) => {
      const tls = socket as TLSSocket;
      tls.once("secureConnect", () => {
        const seen = createHash("sha256").update(tls.getPeerCertificate().raw).digest("hex");
        if (seen !== address.certificateFingerprint) {
          req.destroy(
            new MigrationError("auth.wrong-certificate", { peer: `gateway ${address.gatewayId}` }),
          );
          return;
        }
        req.end(payload);
      });
    });
    req.on("timeout", () =>
      req.destroy(new Error(`no answer within ${requestTimeoutMs / 1000} s`)),
    );
    req.on("error", (error) =>
      reject(
        error instanceof MigrationError
          ? error
          : unreachable(address.gatewayId, error.message, error),
      ),
    );
    req.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxAnswerBytes) req.destroy(new Error("the answer is too long"));
        else chunks.push(chunk);
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
      );
      response.on("error", (error) => reject(unreachable(address.gatewayId, error.message, error)));
    });
  });
}
