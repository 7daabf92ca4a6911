import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { loopbackCertificate } from "#test/clouds/azure/certificate.ts";
import {
  type FakeOpenstack,
  type FakeOpenstackOptions,
  startFakeOpenstack,
} from "#test/clouds/openstack/fake-openstack.ts";
import type { Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";
import { wrapProvider } from "../wrap.ts";
import { openClient } from "./client.ts";
import { openstackConfig } from "./config.ts";

let cloud: FakeOpenstack;
afterEach(() => cloud?.close());

const consoleId = "console-under-test";
const start = async (options: FakeOpenstackOptions = {}) => {
  cloud = await startFakeOpenstack(options);
};

async function open(config: object = {}, secrets: object = cloud.target.credentials) {
  const all = { ...cloud.target.config, ...config };
  return openProvider("openstack", { config: all, secrets, consoleId });
}

const asked = (action: string) => cloud.calls.made.filter((call) => call.action === action);
const code = (provider: Promise<Provider>) =>
  provider
    .then((opened) => opened.check())
    .then(
      () => "no error",
      (error) => error.code,
    );

describe("coming in", () => {
  test("by user and password, with project and domains by name or by id (S-17)", async () => {
    await start();
    const { user } = cloud.identity;
    const { projectId, userId } = cloud.project;
    const { name: userName, password } = user;

    const byName = { userName, password, projectName: "moves" };
    const domains = { userDomainName: "Default", projectDomainName: "Default" };
    const ids = { userDomainId: "default", projectDomainId: "default" };
    expect(await code(open({}, byName))).toBe("no error");
    expect(await code(open({}, { ...byName, ...domains }))).toBe("no error");
    expect(await code(open({}, { ...byName, ...ids }))).toBe("no error");
    expect(await code(open({}, { userId, password, projectId }))).toBe("no error");

    const elsewhere = { ...byName, projectDomainId: "another" };
    expect(await code(open({}, elsewhere))).toBe("cloud.credentials");
    expect(await code(open({}, { ...byName, password: "wrong" }))).toBe("cloud.credentials");
  });

  test("by an application credential, by its id or by its name and user (S-17)", async () => {
    await start();
    const { id, secret } = cloud.identity.application;
    const by = (of: object, applicationCredentialSecret = secret) =>
      code(open({}, { ...of, applicationCredentialSecret }));

    expect(await by({ applicationCredentialId: id })).toBe("no error");
    expect(await by({ applicationCredentialName: "hypermotion", userName: "migrator" })).toBe(
      "no error",
    );
    expect(await by({ applicationCredentialId: id }, "wrong")).toBe("cloud.credentials");
  });

  test("by a token, which is exchanged for one of a project where that is named (S-17)", async () => {
    await start();
    const { user } = cloud.identity;
    const password = { user: { ...user, domain: { id: user.domain } } };
    const identity = { methods: ["password"], password };
    const scope = { project: { id: cloud.project.projectId } };
    const unscoped = cloud.identity.logIn({ auth: { identity } }).token;
    const scoped = cloud.identity.logIn({ auth: { identity, scope } }).token;

    expect(await code(open({}, { token: scoped }))).toBe("no error");
    expect(await code(open({}, { token: unscoped, projectName: "moves" }))).toBe("no error");
    expect(await code(open({}, { token: unscoped }))).toBe("cloud.credentials");
    expect(await code(open({}, { token: "never-was" }))).toBe("cloud.credentials");
    const exchanged = { token: "never-was", projectName: "moves" };
    expect(await code(open({}, exchanged))).toBe("cloud.credentials");
  });

  test("the identity address may be given without its version (S-17)", async () => {
    await start();
    const identityUrl = `${cloud.target.config.identityUrl}`.replace(/v3$/, "");

    expect(await code(open({ identityUrl }))).toBe("no error");
    await expect((await open({ identityUrl: `${identityUrl}no` })).check()).rejects.toMatchObject({
      code: "cloud.refused",
      message: expect.stringContaining("no Keystone"),
    });
  });

  test("a user who may only read is told so before anything is made", async () => {
    await start({ roles: ["reader"] });

    await expect((await open()).check()).rejects.toMatchObject({
      code: "cloud.forbidden",
      message: expect.stringContaining("member"),
    });
  });
});

describe("a token", () => {
  test("serves all calls, and is renewed before it ends", async () => {
    // It lives a minute and a bit, and is renewed a minute ahead.
    await start({ tokenMs: 60_300 });
    const provider = await open();
    await provider.check();
    await provider.check();
    expect(asked("LogIn")).toHaveLength(1);

    await new Promise((resolve) => setTimeout(resolve, 400));
    await provider.check();

    expect(asked("LogIn")).toHaveLength(2);
  });

  test("that was withdrawn is replaced, and the call made again", async () => {
    await start();
    const provider = await open();
    await provider.check();

    cloud.identity.revokeAll();

    expect(await provider.listOwned()).toEqual([]);
    expect(asked("LogIn")).toHaveLength(2);
  });

  test("is asked for once by calls that come together", async () => {
    await start();
    const provider = await open();

    await Promise.all([provider.listOwned(), provider.capabilities(), provider.check()]);

    expect(asked("LogIn")).toHaveLength(1);
  });
});

describe("the service catalogue", () => {
  test("needs a region where it has several, and names them (S-17)", async () => {
    await start({ regions: ["RegionOne", "RegionTwo"] });

    await expect((await open()).check()).rejects.toMatchObject({
      message: expect.stringContaining("RegionOne, RegionTwo"),
    });
    expect(await code(open({ region: "RegionOne" }))).toBe("no error");
    await expect((await open({ region: "Nowhere" })).check()).rejects.toMatchObject({
      message: expect.stringContaining("in region Nowhere"),
    });
  });

  test("is read for the interface that is chosen", async () => {
    await start();

    // Its host is no host: that it is asked for is what shows.
    await expect((await open({ interface: "internal" })).check()).rejects.toMatchObject({
      code: "cloud.transient",
      message: expect.stringContaining("internal.regionone.invalid"),
    });
  });
});

test("a service at the root of its host is called there", async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const root = `http://${request.headers.host}`;
    seen.push(`${request.method} ${request.url}`);
    const endpoints = [{ interface: "public", region_id: "R", url: root }];
    const token = {
      ...{ project: { id: "p" }, user: { id: "u" }, roles: [{ name: "member" }] },
      ...{ issued_at: "2026-01-01T00:00:00Z", expires_at: "2026-01-01T01:00:00Z" },
      catalog: [{ type: "image", endpoints }],
    };
    response.setHeader("x-subject-token", "t");
    response.end(JSON.stringify(request.method === "POST" ? { token } : { images: [] }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const identityUrl = `http://127.0.0.1:${port}/v3`;
  const config = openstackConfig.parse({ identityUrl, networkId: "n", subnetId: "s" });

  await openClient(config, { token: "t", projectId: "p" }).call("ListImages");
  server.closeAllConnections();
  server.close();

  expect(seen).toEqual(["POST /v3/auth/tokens", "GET /v2/images"]);
});

describe("microversions", () => {
  test.each([
    [{ compute: 93, volume: 70 }, 79, 59],
    [{ compute: 60, volume: 27 }, 60, 27],
  ])(
    "are the newest both sides know: of %j they are 2.%i and 3.%i",
    async (versions, nova, cinder) => {
      await start({ versions });
      const config = openstackConfig.parse(cloud.target.config);
      const secrets = cloud.target.credentials;
      const client = openClient(config, secrets);

      expect(await client.microversion("compute")).toBe(nova);
      expect(await client.microversion("volume")).toBe(cinder);
      expect(await code(open())).toBe("no error");
      expect(asked("ShowComputeVersions")).toHaveLength(2);
    },
  );
});

describe("certificates", () => {
  test("of nobody we know are refused, taken with their authority's, or by explicit choice unlooked at", async () => {
    const tls = await loopbackCertificate();
    await start({ tls });

    await expect((await open()).check()).rejects.toMatchObject({
      code: "cloud.refused",
      message: expect.stringContaining("caCertificates"),
    });
    expect(await code(open({ caCertificates: tls.cert }))).toBe("no error");
    expect(await code(open({ insecure: true }))).toBe("no error");
    // One target's choice is not another's.
    expect(await code(open())).toBe("cloud.refused");
  });
});

test("calls that come too fast are made again", async () => {
  await start();
  const bare = await open();
  await bare.check();
  cloud.project.throttled = 1;
  await expect(bare.compute.listInstanceTypes()).rejects.toMatchObject({ code: "cloud.throttled" });

  cloud.project.throttled = 2;
  const silent = { debug: () => undefined, warn: () => undefined };
  const nothing = async () => undefined;
  const wrapped = wrapProvider(bare, {
    ledger: { before: nothing, after: nothing, gone: nothing },
    runId: "run",
    log: silent,
    limits: { account: "openstack-throttled" },
  });

  expect((await wrapped.compute.listInstanceTypes()).length).toBeGreaterThan(0);
});

test("a list goes on as long as the cloud says so, however short it makes its pages", async () => {
  await start();
  cloud.project.mostPerPage = 2;
  const provider = await open();
  const tags = { "hypermotion:console": consoleId, "hypermotion:owner": "srv", Name: "v" };
  for (let n = 0; n < 5; n += 1) {
    const order = { token: `v${n}`, tags, sizeBytes: 1, role: "data" as const };
    await provider.volumes.createVolume(order);
  }

  expect(await provider.listOwned("srv")).toHaveLength(5);
  expect(await provider.compute.listInstanceTypes()).toHaveLength(cloud.project.flavors.length);
});

test("a missing permission is named in the cloud's own words", async () => {
  await start();
  cloud.project.denied.add("ListFloatingIps");

  await expect((await open()).check()).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: "ListFloatingIps" },
  });
});

test("calls go through the proxy that the target's settings name", async () => {
  await start();
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.writeHead(401, { "content-type": "application/json" });
    response.end('{"error": {"code": 401, "message": "no", "title": "Unauthorized"}}');
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  const identityUrl = "http://keystone.example.invalid:5000";

  const opened = open({ identityUrl, proxy: `http://127.0.0.1:${port}` });
  expect(await code(opened)).toBe("cloud.credentials");
  proxy.closeAllConnections();
  proxy.close();

  expect(seen).toEqual(["POST http://keystone.example.invalid:5000/v3/auth/tokens"]);
});
