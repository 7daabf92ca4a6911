/** The daemon as it is run, killed and started again, with a real copy on its volume. */
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
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
import { GatewayProcess } from "../gateway-process.ts";

const mib = 1024 ** 2;
const block = 64 * 1024;

let scene: Scene;
let gateway: GatewayProcess;

beforeEach(async () => {
  scene = await makeScene();
  gateway = await GatewayProcess.start(scene);
});

afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

async function synced(pair: Pair & { serial?: string }): Promise<void> {
  await gateway.openSession("s-1", [pair]);
  await copy(gateway.scene, [pair], { sessionId: "s-1", port: gateway.port });
  await gateway.console.until("the copy's report", () =>
    gateway.reportsTo("s-1").includes("sync-done"),
  );
}

/** Sparse: what takes long is hashing. It was never copied, so nothing is known of it. */
async function largeVolume(name: string, sizeBytes: number): Promise<Pair> {
  const volumePath = join(scene.folder, `${name}.volume`);
  await writeFile(volumePath, "");
  await truncate(volumePath, sizeBytes);
  return { diskId: name, volumeId: name, sizeBytes, diskPath: "", volumePath };
}

test("a verification killed in the middle begins anew, and what it had found is still told", async () => {
  const small = await makePair(scene, "small", 2 * mib, [{ offsetBytes: 0, lengthBytes: 2 * mib }]);
  const large = await largeVolume("large", 4096 * mib);
  await synced(small);
  await scribble(small.volumePath, mib, 16);
  const path = "/v1/verifications/ver-1";
  const order = gateway.orderOf([small, large], "verify");

  await gateway.call({ method: "PUT", path, body: order });
  const doneOf = async (volume: number) => {
    const { body } = await gateway.call<VerificationState>({ path });
    if (body.state !== "running") throw new Error(`it is ${body.state} already`);
    return body.progress.volumes[volume]?.doneBytes ?? 0;
  };
  while ((await doneOf(1)) === 0);
  await gateway.daemon.kill("SIGKILL");
  expect(gateway.reportsTo("verify")).not.toContain("verify-done");
  await gateway.startAgain();
  const repeated = await gateway.call<VerificationState>({ method: "PUT", path, body: order });
  await gateway.console.until("the report", () =>
    gateway.reportsTo("verify").includes("verify-done"),
  );

  expect(repeated).toMatchObject({ status: 200 });
  const done = gateway.console.callbacks.find(({ body }) => body.kind === "verify-done");
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
  expect((await gateway.call({ path })).body).toMatchObject({ state: "done" });
}, 60_000);

test("one that is found by another serial than its copy went to is refused, and nothing of it is forgotten", async () => {
  const made = await makePair(scene, "a", 2 * mib, [{ offsetBytes: 0, lengthBytes: 2 * mib }]);
  await mkdir(join(scene.folder, "by-serial"));
  for (const serial of ["vol-a", "vol-b"])
    await symlink(made.volumePath, join(scene.folder, "by-serial", serial));
  await synced({ ...made, serial: "vol-a" });
  const verifyAs = async (serial: string) => {
    const path = `/v1/verifications/${serial}`;
    const body = gateway.orderOf([{ ...made, serial }], serial);
    expect(await gateway.call({ method: "PUT", path, body })).toMatchObject({ status: 200 });
    await gateway.console.until("the report", () =>
      gateway.reportsTo(serial).some((kind) => kind !== "heartbeat"),
    );
    return (await gateway.call<VerificationState>({ path })).body;
  };

  const other = await verifyAs("vol-b");
  const own = await verifyAs("vol-a");

  expect(other).toMatchObject({
    state: "failed",
    error: { code: "volume.swapped", params: { volume: "volume-a", was: "vol-a", is: "vol-b" } },
  });
  expect(own).toMatchObject({
    state: "done",
    result: { volumes: [{ comparedBytes: 2 * mib, differences: { blocks: 0 } }] },
  });
}, 60_000);

test("a volume that a session writes to is not verified, and the session is named", async () => {
  const volume = await largeVolume("one", mib);
  await gateway.openSession("s-1", [volume]);

  const refused = await gateway.call({
    ...{ method: "PUT", path: "/v1/verifications/ver-1" },
    body: gateway.orderOf([volume], "verify"),
  });

  expect(refused).toMatchObject({
    status: 409,
    body: { error: { code: "volume.in-use", params: { session: "s-1" } } },
  });
  expect((await gateway.call({ path: "/v1/verifications/ver-1" })).status).toBe(404);
}, 60_000);

test("one that is stopped leaves its volume to others, and may be asked for again", async () => {
  const volume = await largeVolume("one", 4096 * mib);
  const path = "/v1/verifications/ver-1";
  await gateway.call({ method: "PUT", path, body: gateway.orderOf([volume], "verify") });
  const other = { method: "PUT", path: "/v1/verifications/ver-2" } as const;
  const meanwhile = await gateway.call({ ...other, body: gateway.orderOf([volume], "verify-2") });

  const stopped = await gateway.call({ method: "DELETE", path });

  expect(meanwhile).toMatchObject({ status: 409, body: { error: { code: "not-ready" } } });
  expect(stopped.status).toBe(204);
  expect((await gateway.call({ path })).body).toEqual({ state: "stopped" });
  const again = await gateway.call({
    method: "PUT",
    path,
    body: gateway.orderOf([volume], "verify-3"),
  });
  expect(again).toMatchObject({ status: 200, body: { state: "running" } });
  await gateway.call({ method: "DELETE", path });
}, 60_000);
