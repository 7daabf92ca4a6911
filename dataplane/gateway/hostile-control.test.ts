/** The control API of a gateway as it runs in production, against whoever reaches its port. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Daemon, startDaemon } from "../daemon-process.ts";
import { createFakeConsole, type FakeConsole } from "../fake-console.ts";
import { callPinned } from "../pinned-https.ts";
import { fingerprintOf } from "../wire/identity.ts";

const mib = 1024 * 1024;

let folder: string;
let console: FakeConsole;
let gateway: Daemon;
let port: number;
let token: string;
let fingerprint: string;
const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostile-control-"));
  console = await createFakeConsole();
  await mkdir(join(folder, "volumes"));
  const config = {
    gatewayId: "gw-1",
    consoleUrl: console.url,
    consoleFingerprint: console.identity.fingerprint,
    enrolmentCode: console.secret,
    ports: { control: 0, blocks: 0 },
    listen: "127.0.0.1",
    volumeRoot: join(folder, "volumes"),
  };
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  gateway = startDaemon("gateway/hypermotion-gateway.mjs", [
    ...["--config", join(folder, "config.json"), "--state", join(folder, "state")],
  ]);
  await gateway.says("the console knows this gateway");
  const [enrolment] = console.enrolments;
  if (enrolment === undefined) throw new Error("the gateway has not enrolled");
  port = enrolment.ports.control;
  token = enrolment.controlToken;
  fingerprint = fingerprintOf(enrolment.certificatePem);
});

afterAll(async () => {
  agent.destroy();
  await gateway.kill("SIGKILL");
  await console.stop();
  await rm(folder, { recursive: true });
});

function health() {
  return callPinned(
    { url: `https://127.0.0.1:${port}`, fingerprint },
    { method: "GET", path: "/v1/health", token, timeoutMs: 20_000 },
  );
}

async function expectAlive(): Promise<void> {
  expect(await health()).toMatchObject({ status: 200, body: { gatewayId: "gw-1" } });
  expect(gateway.child.exitCode).toBeNull();
}

/** Being cut off is what these tests are about. */
function quiet<S extends Socket>(socket: S): S {
  socket.on("error", () => socket.destroy());
  return socket;
}

function dialTcp(): Socket {
  return quiet(connectTcp(port, "127.0.0.1"));
}

async function dialTls(): Promise<Socket> {
  const socket = quiet(connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false }));
  await once(socket, "secureConnect");
  return socket;
}

/** All that comes until the other side closes. */
async function answerOf(socket: Socket): Promise<string> {
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString("latin1");
  });
  if (!socket.closed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return answer;
}

async function statusOfRaw(bytes: string | Buffer): Promise<string> {
  const socket = await dialTls();
  socket.write(bytes);
  return (await answerOf(socket)).split("\r\n")[0] ?? "";
}

/** With the token, on one connection that is kept. */
function ask(
  method: string,
  path: string,
  body?: Buffer,
): Promise<{ status: number; code: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const outgoing = request(
      { host: "127.0.0.1", port, method, path, headers, agent },
      (incoming) => {
        let text = "";
        incoming.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        incoming.on("end", () =>
          resolve({ status: incoming.statusCode ?? 0, code: JSON.parse(text).error?.code }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Since the last `forgetPeak`. */
async function peakBytes(): Promise<number> {
  const status = await readFile(`/proc/${gateway.child.pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

async function forgetPeak(): Promise<number> {
  // Documentation/filesystems/proc.rst: 5 sets the peak to what it is now.
  await writeFile(`/proc/${gateway.child.pid}/clear_refs`, "5");
  return peakBytes();
}

const invalid = { status: 400, code: "input.invalid" };
const authorized = () => `Authorization: Bearer ${token}\r\n`;

describe("bytes that are no request of ours are answered or cut off, said once, and others are served", () => {
  test("before TLS: garbage, plain HTTP, a hello that never goes on, nothing at all", async () => {
    const garbage = dialTcp();
    garbage.write(randomBytes(100_000));
    const plain = dialTcp();
    plain.write("GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n");
    const half = dialTcp();
    half.write(Buffer.from("1603010200010001fc0303", "hex"));
    const silent = dialTcp();

    await expectAlive();
    const answers = await Promise.all([garbage, plain, half, silent].map(answerOf));

    for (const answer of answers) expect(answer).not.toContain("HTTP");
    expect(gateway.output()).toContain("turned away a connection");
    expect(gateway.output()).toContain("no TLS 1.3 handshake");
    await expectAlive();
  });

  const raw: [string, () => string | Buffer, RegExp][] = [
    ["garbage", () => randomBytes(70_000), /^HTTP\/1.1 4/],
    ["a header of a megabyte", () => `GET / HTTP/1.1\r\nX: ${"a".repeat(mib)}`, /431/],
    ["a path of a megabyte", () => `GET /${"a".repeat(mib)} HTTP/1.1\r\nHost: x\r\n\r\n`, /431/],
    ["a hundred thousand headers", () => `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(100_000)}`, /431/],
    ["no token", () => "GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n", /401/],
    [
      "a wrong token",
      () => `GET /v1/health HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}x\r\n\r\n`,
      /401/,
    ],
    ["no host", () => `GET /v1/health HTTP/1.1\r\n${authorized()}\r\n`, /400/],
    [
      "a host that is none",
      () => `GET /v1/health HTTP/1.1\r\nHost: a b/../\r\nConnection: close\r\n${authorized()}\r\n`,
      /400/,
    ],
    [
      "two lengths",
      () =>
        `PUT /v1/sessions/s HTTP/1.1\r\nHost: x\r\n${authorized()}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /400/,
    ],
    [
      "a length below zero",
      () => `PUT /v1/sessions/s HTTP/1.1\r\nHost: x\r\n${authorized()}Content-Length: -1\r\n\r\n`,
      /400/,
    ],
    [
      "a length without end",
      () =>
        `PUT /v1/sessions/s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${authorized()}Content-Length: 99999999999999\r\n\r\n`,
      /400/,
    ],
    [
      "a body that is too long",
      () =>
        `PUT /v1/sessions/s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${authorized()}Content-Length: ${mib + 1}\r\n\r\n${" ".repeat(mib + 1)}`,
      /400/,
    ],
    [
      "a body that is too long and does not say so",
      () =>
        `PUT /v1/sessions/s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${authorized()}Transfer-Encoding: chunked\r\n\r\n${`10000\r\n${" ".repeat(65_536)}\r\n`.repeat(17)}0\r\n\r\n`,
      /400/,
    ],
    [
      "a method that nobody knows",
      () => `BREW /v1/health HTTP/1.1\r\nHost: x\r\n${authorized()}\r\n`,
      /400/,
    ],
    [
      "a trace",
      () => `TRACE /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${authorized()}\r\n`,
      /^HTTP\/1.1 (4|5)/,
    ],
    ["a tunnel", () => `CONNECT other:443 HTTP/1.1\r\nHost: x\r\n${authorized()}\r\n`, /^$/],
  ];

  test.each(raw)("inside TLS: %s", async (_, bytes, status) => {
    expect(await statusOfRaw(bytes())).toMatch(status);
    await expectAlive();
  });

  test("a thousand requests at once without a token get one answer", async () => {
    const socket = await dialTls();
    socket.write("GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000));

    expect((await answerOf(socket)).match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 401"]);
    await expectAlive();
  });

  test("a hundred requests at once with the token are each answered, in order", async () => {
    const socket = await dialTls();
    const one = (id: string, more = "") =>
      `GET /v1/sessions/s-${id} HTTP/1.1\r\nHost: x\r\n${more}${authorized()}\r\n`;
    const ids = Array.from({ length: 100 }, (_, index) => String(index));
    socket.write(ids.map((id) => one(id)).join("") + one("last", "Connection: close\r\n"));

    const told = [...(await answerOf(socket)).matchAll(/"id":"s-(\w+)"/g)].map(([, id]) => id);

    expect(told).toEqual([...ids, "last"]);
  });
});

describe("whoever holds connections open does not shut the console out", () => {
  test("300 that say nothing, 100 that never end their headers", async () => {
    const silent = Array.from({ length: 300 }, dialTcp);
    const slow: Socket[] = [];
    for (let count = 0; count < 100; count += 1) {
      const socket = await dialTls();
      socket.write("GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: ");
      slow.push(socket);
    }
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write("a");
    }, 500);

    for (let times = 0; times < 5; times += 1) await expectAlive();
    expect([...silent, ...slow].some((socket) => !socket.closed)).toBe(true);
    // All of them are cut off in the end.
    await Promise.all([...silent, ...slow].map(answerOf));
    clearInterval(drip);

    expect(gateway.output()).toContain("connections without a token");
    await expectAlive();
  });
});

describe("a body that is no order is refused", () => {
  const bodies: [string, () => Buffer][] = [
    ["nested half a million deep", () => Buffer.from("[".repeat(500_000))],
    [
      "nested a hundred thousand deep, and closed",
      () => Buffer.from("[".repeat(100_000) + "]".repeat(100_000)),
    ],
    ["nested inside a field", () => Buffer.from(`{"volumes":${'[{"a":'.repeat(50_000)}`)],
    [
      "of a hundred thousand volumes that are none",
      () => Buffer.from(`{"volumes":[${"0,".repeat(100_000)}0]}`),
    ],
    ["with numbers beyond numbers", () => Buffer.from(order("1e999"))],
    ["with a size that is no whole number", () => Buffer.from(order("1.5"))],
    ["with a size that no number holds exactly", () => Buffer.from(order("9007199254740993"))],
    ["with a size below zero", () => Buffer.from(order("-1"))],
    ["that is not UTF-8", () => Buffer.from(order("1")).fill(0xff, 20, 30)],
    ["of a prototype", () => Buffer.from('{"__proto__":{"serverId":"s"},"constructor":{}}')],
  ];

  function order(sizeBytes: string): string {
    return `{"serverId":"srv","mode":"initial","agentFingerprint":"${"0".repeat(64)}","volumes":[{"diskId":"d","volumeId":"v","sizeBytes":${sizeBytes},"device":{"by":"path","path":"/nowhere"}}],"callback":{"url":"https://127.0.0.1:1/"}}`;
  }

  test.each(bodies)("%s", async (_, body) => {
    for (const place of ["sessions", "repairs", "verifications"]) {
      expect(await ask("PUT", `/v1/${place}/s-1`, body())).toEqual(invalid);
    }
    await expectAlive();
  });

  test("whatever bytes it is made of", async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 4096 }).map((array) => Buffer.from(array)),
      fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
    );

    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        expect(await ask("PUT", "/v1/sessions/s-1", body)).toEqual(invalid);
      }),
      { numRuns: 200 },
    );
  });

  test("and so is an id that leads elsewhere, whatever it is made of", async () => {
    const ids = fc.oneof(
      fc.constantFrom("..%2F..%2Fetc%2Fpasswd", "%00", "%ff%fe", "a%0d%0ab", "%2e%2e", "a%2Fb"),
      fc.string({ unit: "binary", minLength: 1, maxLength: 300 }).map(encodeURIComponent),
      fc.stringMatching(/^(%[0-9a-f]{2}){1,40}$/),
    );

    await fc.assert(
      fc.asyncProperty(
        ids,
        fc.constantFrom("sessions", "repairs", "verifications"),
        async (id, place) => {
          const { status } = await ask("GET", `/v1/${place}/${id}`);
          expect([400, 404]).toContain(status);
        },
      ),
      { numRuns: 200 },
    );
    await expectAlive();
  });
});

test("what strangers send takes no memory: far less than a tenth of it", async () => {
  // Settled first: a young process still grows by itself.
  for (let times = 0; times < 20; times += 1)
    await ask("PUT", "/v1/sessions/s-1", Buffer.alloc(mib, "["));
  const before = await forgetPeak();

  // A stranger that sends 64 MiB to each of 20 requests.
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = await dialTls();
      socket.write(
        "PUT /v1/sessions/s-1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
      const chunk = Buffer.concat([
        Buffer.from("10000\r\n"),
        Buffer.alloc(65_536, 1),
        Buffer.from("\r\n"),
      ]);
      const closed = answerOf(socket);
      for (let sent = 0; sent < 1024 && socket.writable; sent += 1) {
        if (!socket.write(chunk))
          await Promise.race([once(socket, "drain"), closed]).catch(() => undefined);
      }
      await closed;
    }),
  );
  for (let times = 0; times < 50; times += 1)
    await ask("PUT", "/v1/sessions/s-1", Buffer.alloc(mib, "["));

  expect((await peakBytes()) - before).toBeLessThan(128 * mib);
  await expectAlive();
});
