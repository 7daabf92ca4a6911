import { spawn } from "node:child_process";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { apiHandler } from "#functions/lambda/api.ts";
import { openTestConsole, type TestConsole } from "#test/fixtures/console.ts";

const program = fileURLToPath(new URL("hypermotion.mjs", import.meta.url));
const clientId = "console-client";

let folder: string;
let local: TestConsole;
let people: People;
let door: Listening;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-sign-in-"));
  local = await openTestConsole();
  people = await startPeople();
  door = await startFrontDoor();
});

afterEach(async () => {
  people.close();
  door.close();
  await local.close();
  await rm(folder, { recursive: true });
});

interface Listening {
  readonly url: string;
  close(): void;
}

async function listen(server: Server): Promise<Listening> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}

interface People extends Listening {
  /** Access tokens that hold. */
  readonly tokens: Set<string>;
  readonly refreshTokens: Set<string>;
  /** Seconds that a token is good for. */
  expiresIn: number;
}

/** An OpenID provider that lets everyone in, and checks what the client proves: RFC 7636, OpenID Connect Core. */
async function startPeople(): Promise<People> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const codes = new Map<string, string>();
  const tokens = new Set<string>();
  const refreshTokens = new Set<string>();
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", people.url);
    const answer = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (url.pathname === "/.well-known/openid-configuration") {
      return answer(200, {
        issuer: people.url,
        authorization_endpoint: `${people.url}/authorize`,
        token_endpoint: `${people.url}/token`,
      });
    }
    if (url.pathname === "/authorize") {
      const code = randomBytes(12).toString("hex");
      const ok =
        url.searchParams.get("client_id") === clientId &&
        url.searchParams.get("code_challenge_method") === "S256";
      if (!ok) return answer(400, {});
      codes.set(code, url.searchParams.get("code_challenge") ?? "");
      const back = new URL(url.searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("state", url.searchParams.get("state") ?? "");
      back.searchParams.set("code", code);
      return response.writeHead(302, { location: back.href }).end();
    }
    const form = new URLSearchParams(await bodyOf(request));
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isCode =
      form.get("grant_type") === "authorization_code" &&
      codes.get(form.get("code") ?? "") === challenge;
    const isRefresh =
      form.get("grant_type") === "refresh_token" &&
      refreshTokens.has(form.get("refresh_token") ?? "");
    if (!isCode && !isRefresh) return answer(400, { error: "invalid_grant" });
    codes.delete(form.get("code") ?? "");
    const token = randomBytes(12).toString("hex");
    const refreshToken = randomBytes(12).toString("hex");
    tokens.add(token);
    if (isCode) refreshTokens.add(refreshToken);
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: people.url, aud: clientId, sub: "1", iat: now, exp: now + 600 };
    const signed = `${encode({ alg: "RS256" })}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), privateKey).toString("base64url");
    answer(200, {
      ...{ access_token: token, token_type: "Bearer", expires_in: people.expiresIn },
      id_token: `${signed}.${signature}`,
      ...(isCode ? { refresh_token: refreshToken } : {}),
    });
  });
  return { ...(await listen(server)), tokens, refreshTokens, expiresIn: 3600 };
}

/** API Gateway with its authorizer: a token that holds becomes claims. */
async function startFrontDoor(): Promise<Listening> {
  const lambda = apiHandler({ ...local.deps, signIn: { issuer: people.url, clientId } });
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://front");
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    const claims = { sub: "1", username: "mei", "cognito:groups": "[operator]" };
    const event = {
      ...{ version: "2.0", routeKey: "$default", isBase64Encoded: false },
      ...{ rawPath: url.pathname, rawQueryString: url.search.slice(1) },
      headers: { host: "front", ...(request.headers as Record<string, string>) },
      body: await bodyOf(request),
      requestContext: {
        ...{ accountId: "1", apiId: "a", requestId: "r", stage: "$default", timeEpoch: 0 },
        http: {
          ...{ method: request.method, path: url.pathname, protocol: "HTTP/1.1" },
          sourceIp: "192.0.2.1",
        },
        ...(people.tokens.has(token) ? { authorizer: { jwt: { claims, scopes: [] } } } : {}),
      },
    };
    const answer = await lambda(event as unknown as Parameters<typeof lambda>[0]);
    response.writeHead(answer.statusCode, answer.headers as Record<string, string>);
    response.end(answer.body);
  });
  return listen(server);
}

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** @param browse what the person does with the address */
async function run(args: readonly string[], browse?: (address: string) => Promise<void>) {
  const child = spawn(process.execPath, [program, ...args, "--console", door.url], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      LANG: "C.UTF-8",
    },
  });
  const ended: Ended = { status: null, stdout: "", stderr: "" };
  let browsed: Promise<void> | undefined;
  child.stdout.on("data", (text) => {
    ended.stdout += text;
  });
  child.stderr.on("data", (text) => {
    ended.stderr += text;
    const address = /^http:\S+\/authorize\?\S+$/m.exec(ended.stderr)?.[0];
    if (address !== undefined && browse !== undefined) browsed ??= browse(address);
  });
  const [status] = await once(child, "close");
  await browsed;
  return { ...ended, status };
}

const follow = async (address: string) => {
  const page = await fetch(address);
  expect(await page.text()).toContain("signed in");
};

const sessionsFile = () => join(folder, "config", "hypermotion", "sessions.json");

test("who signs in with the browser is logged in, and stays so when the token has run out", async () => {
  people.expiresIn = 30;

  const login = await run(["login"], follow);
  const first = [...people.tokens];
  people.tokens.clear();
  const servers = await run(["server", "list", "--json"]);

  expect([login.status, login.stdout]).toEqual([0, expect.stringContaining("mei")]);
  expect([servers.status, servers.stdout]).toEqual([0, expect.stringContaining("items")]);
  expect(first).toHaveLength(1);
  expect([...people.tokens]).not.toEqual(first);
});

test("when the login can't be renewed any more, that is said, and what to do", async () => {
  people.expiresIn = 30;
  await run(["login"], follow);
  people.refreshTokens.clear();

  const { status, stderr } = await run(["server", "list"]);

  expect(status).toBe(6);
  expect(stderr).toContain("invalid_grant");
  expect(stderr).toContain("hypermotion login");
});

test("an answer with another's state is not taken", async () => {
  const { status, stderr } = await run(["login"], async (address) => {
    const forged = new URL(address);
    forged.searchParams.set("state", "another");
    await fetch(forged);
  });

  expect(status).toBe(6);
  expect(stderr).toContain("state");
  await expect(readFile(sessionsFile())).rejects.toThrow("ENOENT");
});

test("a refusal is told in the provider's words", async () => {
  const { status, stderr } = await run(["login"], async (address) => {
    const query = new URL(address).searchParams;
    const back = new URL(query.get("redirect_uri") ?? "");
    back.searchParams.set("state", query.get("state") ?? "");
    back.searchParams.set("error", "access_denied");
    back.searchParams.set("error_description", "no such user");
    await fetch(back);
  });

  expect(status).toBe(6);
  expect(stderr).toContain("access_denied no such user");
});

test("a login of before is still read", async () => {
  await run(["login"], follow);
  const kept = JSON.parse(await readFile(sessionsFile(), "utf8"));
  const { token, user } = kept[door.url];
  await writeFile(sessionsFile(), JSON.stringify({ [door.url]: { token, user } }));

  expect((await run(["server", "list"])).status).toBe(0);
});
