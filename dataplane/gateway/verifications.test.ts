/** The daemon as it is run, killed and started again, with a real copy on its volume. */
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { VerificationState } from "#domain/protocol/gateway.ts";
import {
  copy,
  makePair,
  makeScene,
  type Pair,
  type Scene,
  scribble,
  sha256,
} from "../copy-harness.ts";
import { type Daemon, startDaemon } from "../daemon-process.ts";
import { createFakeConsole, type FakeConsole } from "../fake-console.ts";
import { type Call, callPinned } from "../pinned-https.ts";
import { fingerprintOf } from "../wire/identity.ts";

const mib = 1024 ** 2;
const block = 64 * 1024;

let scene: Scene;
let console: FakeConsole;
let daemons: Daemon[];

beforeEach(async () => {
  scene = await makeScene();
  console = await createFakeConsole();
  daemons = [];
});

afterEach(async () => {
  await Promise.all(daemons.map((daemon) => daemon.kill("SIGKILL")));
  await console.stop();
  await scene[Symbol.asyncDispose]();
});

async function startGateway(): Promise<Daemon> {
  const config = {
    ...{ gatewayId: "gateway-1", consoleUrl: console.url, listen: "127.0.0.1" },
    consoleFingerprint: console.identity.fingerprint,
    enrolmentCode: console.secret,
    ports: { control: 0, blocks: 0 },
    volumeRoot: scene.folder,
  };
  await writeFile(join(scene.folder, "config.json"), JSON.stringify(config));
  const daemon = startDaemon("gateway/hypermotion-gateway.mjs", [
    ...["--config", join(scene.folder, "config.json")],
    ...["--state", join(scene.folder, "state")],
  ]);
  daemons.push(daemon);
  await daemon.says("the gateway listens");
  await console.until("the enrolment", () => console.enrolments.length > 0);
  return daemon;
}

function enrolment() {
  const [first] = console.enrolments;
  if (first === undefined) throw new Error("the gateway has not enrolled");
  return first;
}

async function call<T>(request: Partial<Call>): Promise<{ status: number; body: T }> {
  const { ports, certificatePem, controlToken: token } = enrolment();
  const url = `https://127.0.0.1:${ports.control}`;
  const answer = await callPinned(
    { url, fingerprint: fingerprintOf(certificatePem) },
    { method: "GET", token, timeoutMs: 10_000, ...request },
  );
  return answer as { status: number; body: T };
}

function orderOf(pairs: readonly Pair[], token: string) {
  return {
    serverId: "srv-1",
    volumes: pairs.map(({ diskId, volumeId, sizeBytes, volumePath: path }) => ({
      ...{ diskId, volumeId, sizeBytes },
      device: { by: "path", path },
    })),
    callback: {
      url: `${console.url}/v1/callbacks/${token}`,
      consoleFingerprint: console.identity.fingerprint,
    },
  };
}

async function synced(pair: Pair): Promise<void> {
  const body = {
    ...orderOf([pair], "sync"),
    ...{ mode: "initial", agentFingerprint: scene.agent.fingerprint },
  };
  expect(await call({ method: "PUT", path: "/v1/sessions/s-1", body })).toMatchObject({
    status: 200,
  });
  const { ports, certificatePem } = enrolment();
  const gateway = { ...scene.gateway, fingerprint: fingerprintOf(certificatePem) };
  await copy({ ...scene, gateway }, [pair], { sessionId: "s-1", port: ports.blocks });
  await console.until("the copy's report", () => reportsTo("sync").includes("sync-done"));
}

function reportsTo(token: string): string[] {
  return console.callbacks.filter((told) => told.token === token).map(({ body }) => body.kind);
}

/** Sparse: what takes long is hashing. It was never copied, so nothing is known of it. */
async function largeVolume(name: string, sizeBytes: number): Promise<Pair> {
  const volumePath = join(scene.folder, `${name}.volume`);
  await writeFile(volumePath, "");
  await truncate(volumePath, sizeBytes);
  return { diskId: name, volumeId: name, sizeBytes, diskPath: "", volumePath };
}

test("a verification killed in the middle begins anew, and what it had found is still told", async () => {
  await mkdir(scene.folder, { recursive: true });
  const small = await makePair(scene, "small", 2 * mib, [{ offsetBytes: 0, lengthBytes: 2 * mib }]);
  const large = await largeVolume("large", 4096 * mib);
  const first = await startGateway();
  await synced(small);
  await scribble(small.volumePath, mib, 1);
  const path = "/v1/verifications/ver-1";
  const order = orderOf([small, large], "verify");

  await call({ method: "PUT", path, body: order });
  const doneOf = async (volume: number) => {
    const { body } = await call<VerificationState>({ path });
    if (body.state !== "running") throw new Error(`it is ${body.state} already`);
    return body.progress.volumes[volume]?.doneBytes ?? 0;
  };
  while ((await doneOf(1)) === 0);
  await first.kill("SIGKILL");
  expect(reportsTo("verify")).not.toContain("verify-done");
  await startGateway();
  const repeated = await call<VerificationState>({ method: "PUT", path, body: order });
  await console.until("the report", () => reportsTo("verify").includes("verify-done"));

  expect(repeated).toMatchObject({ status: 200 });
  const done = console.callbacks.find(({ body }) => body.kind === "verify-done");
  expect(done?.body).toMatchObject({
    result: {
      volumes: [
        {
          volumeId: small.volumeId,
          sha256: await sha256(small.volumePath, small.sizeBytes),
          comparedBytes: small.sizeBytes,
          differences: { blocks: 1, extents: [{ offsetBytes: mib, lengthBytes: block }] },
        },
        { volumeId: "large", comparedBytes: 0, differences: { blocks: 0 } },
      ],
    },
  });
  expect((await call({ path })).body).toMatchObject({ state: "done" });
}, 60_000);

test("a volume that a session writes to is not verified, and the session is named", async () => {
  await startGateway();
  const volume = await largeVolume("one", mib);
  const session = {
    ...orderOf([volume], "sync"),
    ...{ mode: "initial", agentFingerprint: "0".repeat(64) },
  };
  await call({ method: "PUT", path: "/v1/sessions/s-1", body: session });

  const refused = await call({
    ...{ method: "PUT", path: "/v1/verifications/ver-1" },
    body: orderOf([volume], "verify"),
  });

  expect(refused).toMatchObject({
    status: 409,
    body: { error: { code: "volume.in-use", params: { session: "s-1" } } },
  });
  expect((await call({ path: "/v1/verifications/ver-1" })).status).toBe(404);
}, 60_000);

test("one that is stopped leaves its volume to others, and may be asked for again", async () => {
  await startGateway();
  const volume = await largeVolume("one", 4096 * mib);
  const path = "/v1/verifications/ver-1";
  await call({ method: "PUT", path, body: orderOf([volume], "verify") });
  const other = { method: "PUT", path: "/v1/verifications/ver-2" } as const;
  const meanwhile = await call({ ...other, body: orderOf([volume], "verify-2") });

  const stopped = await call({ method: "DELETE", path });

  expect(meanwhile).toMatchObject({ status: 409, body: { error: { code: "not-ready" } } });
  expect(stopped.status).toBe(204);
  expect((await call({ path })).body).toEqual({ state: "stopped" });
  const again = await call({ method: "PUT", path, body: orderOf([volume], "verify-3") });
  expect(again).toMatchObject({ status: 200, body: { state: "running" } });
  await call({ method: "DELETE", path });
}, 60_000);
