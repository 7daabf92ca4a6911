/**
 * The way in, against a real Keystone: Debian's package, with SQLite in a temporary place. Skips where that is not
 * installed (apt install python3-keystone: programs only, no service).
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openstackConfig, openstackSecrets } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { endpointOf, logIn } from "./identity.ts";
import { openstackPolicy } from "./policy.ts";
import { openJsonTransport } from "./transport.ts";

const run = promisify(execFile);

const programs = { manage: "keystone-manage", serve: "keystone-wsgi-public" } as const;

const isInstalled = (process.env.PATH ?? "")
  .split(delimiter)
  .some((folder) => existsSync(join(folder, programs.manage)));

const password = "a password of this test";

describe.skipIf(!isInstalled)(
  `a real Keystone${isInstalled ? "" : " (skipped: keystone is not installed)"}`,
  () => {
    let folder: string;
    let root: string;
    let server: ChildProcess;
    let admin: string;
    let userId: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "hypermotion-keystone-"));
      const port = await freePort();
      root = `http://127.0.0.1:${port}/v3`;
      const config = join(folder, "keystone.conf");
      await mkdir(join(folder, "logs"));
      await writeFile(
        config,
        [
          `[DEFAULT]\nlog_dir = ${folder}/logs`,
          `[database]\nconnection = sqlite:///${folder}/keystone.db`,
          "[token]\nprovider = fernet",
          `[fernet_tokens]\nkey_repository = ${folder}/fernet`,
          `[credential]\nkey_repository = ${folder}/credentials`,
        ].join("\n"),
      );
      const manage = (...words: string[]) =>
        run(programs.manage, ["--config-file", config, ...words]);
      const { uid, gid } = { uid: String(process.getuid?.()), gid: String(process.getgid?.()) };
      await manage("db_sync");
      // So that its readers don't lock out its writers.
      const database = new DatabaseSync(join(folder, "keystone.db"));
      database.exec("PRAGMA journal_mode = WAL");
      database.close();
      await manage("fernet_setup", "--keystone-user", uid, "--keystone-group", gid);
      await manage("credential_setup", "--keystone-user", uid, "--keystone-group", gid);
      const at = ["--bootstrap-public-url", root, "--bootstrap-region-id", "RegionOne"];
      await manage("bootstrap", "--bootstrap-password", password, ...at);
      server = spawn(programs.serve, ["--host", "127.0.0.1", "--port", String(port)], {
        env: { ...process.env, OS_KEYSTONE_CONFIG_FILES: config },
        stdio: "ignore",
      });
      await untilAnswers(root);
      admin = await adminToken();
      userId = await populate();
    }, 120_000);

    afterAll(async () => {
      server?.kill();
      await rm(folder, { recursive: true, force: true });
    });

    async function adminToken(): Promise<string> {
      const user = { name: "admin", domain: { id: "default" }, password };
      const scope = { project: { name: "admin", domain: { id: "default" } } };
      const identity = { methods: ["password"], password: { user } };
      const answer = await fetch(`${root}/auth/tokens`, {
        method: "POST",
        body: JSON.stringify({ auth: { identity, scope } }),
        headers: { "content-type": "application/json" },
      });
      return answer.headers.get("x-subject-token") ?? "";
    }

    async function make<T>(
      path: string,
      body?: object,
      method = "POST",
      token = admin,
    ): Promise<T> {
      const answer = await fetch(`${root}${path}`, {
        method,
        headers: { "content-type": "application/json", "x-auth-token": token },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return (text === "" ? {} : JSON.parse(text)) as T;
    }

    /** A project, a member of it, and a catalogue with two regions. */
    async function populate(): Promise<string> {
      const { project } = await make<{ project: { id: string } }>("/projects", {
        project: { name: "moves", domain_id: "default" },
      });
      const { user } = await make<{ user: { id: string } }>("/users", {
        user: { name: "migrator", domain_id: "default", password },
      });
      const { roles } = await make<{ roles: { id: string }[] }>(
        "/roles?name=member",
        undefined,
        "GET",
      );
      const role = roles[0]?.id;
      await make(`/projects/${project.id}/users/${user.id}/roles/${role}`, undefined, "PUT");
      await make("/regions", { region: { id: "RegionTwo" } });
      for (const [type, url] of [
        ["compute", "http://nova.invalid/v2.1"],
        ["volumev3", "http://cinder.invalid/v3/$(project_id)s"],
      ]) {
        const { service } = await make<{ service: { id: string } }>("/services", {
          service: { type, name: type },
        });
        for (const region_id of ["RegionOne", "RegionTwo"]) {
          await make("/endpoints", {
            endpoint: { service_id: service.id, interface: "public", region_id, url },
          });
        }
      }
      return user.id;
    }

    const config = (change: object = {}) =>
      openstackConfig.parse({ identityUrl: root, networkId: "n", subnetId: "s", ...change });

    const enter = (secrets: object, change: object = {}) =>
      logIn(openJsonTransport(config()), config(change), openstackSecrets.parse(secrets), Date.now);

    const byName = { userName: "migrator", password, projectName: "moves" };

    test("lets a user in by password, with domains by id, by name, or as they are by default (S-17)", async () => {
      const session = await enter(byName);
      const byDomain = { userDomainName: "Default", projectDomainName: "Default" };
      const byId = { userId, password, projectId: session.projectId };

      expect(session).toMatchObject({ userId, roles: expect.arrayContaining(["member"]) });
      expect((await enter({ ...byName, ...byDomain })).projectId).toBe(session.projectId);
      expect((await enter(byId)).projectId).toBe(session.projectId);
      expect(session.renewAtMs).toBeGreaterThan(Date.now() + 60_000);
    });

    test("gives the addresses of the services by region, and those with the project in them", async () => {
      const session = await enter(byName);
      const two = config({ region: "RegionTwo" });

      expect(endpointOf(session, two, "compute").href).toBe("http://nova.invalid/v2.1");
      expect(endpointOf(session, two, "volume").pathname).toBe(`/v3/${session.projectId}`);
      expect(() => endpointOf(session, config(), "compute")).toThrow(/RegionOne, RegionTwo/);
      expect(() => endpointOf(session, two, "image")).toThrow(/no public endpoint of image/);
    });

    test("lets an application credential in that may do no more than our access rules, by id and by name (S-17)", async () => {
      const session = await enter(byName);
      const { application_credential: made } = await make<{
        application_credential: { id: string; secret: string };
      }>(
        `/users/${userId}/application_credentials`,
        { application_credential: { name: "hypermotion", ...openstackPolicy } },
        "POST",
        session.token,
      );
      const secret = { applicationCredentialSecret: made.secret };
      const named = { applicationCredentialName: "hypermotion", userName: "migrator" };

      const byId = await enter({ ...secret, applicationCredentialId: made.id });
      expect(byId.projectId).toBe(session.projectId);
      expect((await enter({ ...secret, ...named })).projectId).toBe(session.projectId);
      const wrong = { applicationCredentialSecret: "wrong", applicationCredentialId: made.id };
      await expect(enter(wrong)).rejects.toMatchObject({ status: 401 });
    });

    test("takes a token as it is, and exchanges it where a project is named (S-17)", async () => {
      const { token, projectId } = await enter(byName);

      expect((await enter({ token })).projectId).toBe(projectId);
      expect((await enter({ token, projectName: "moves" })).projectId).toBe(projectId);
      for (const gone of [{ token: "never-was" }, { token: "never-was", projectId }]) {
        const refusal = await enter(gone).catch((error: unknown) => error);
        expect(inCloudTerms(refusal, "check").code).toBe("cloud.credentials");
      }
    });

    test.each([
      ["a wrong password", { ...byName, password: "wrong" }],
      ["another project", { ...byName, projectName: "admin" }],
      ["another domain", { ...byName, userDomainName: "elsewhere" }],
    ])("refuses %s, which we take for wrong credentials", async (_what, secrets) => {
      const refusal = await enter(secrets).catch((error: unknown) => error);

      expect(inCloudTerms(refusal, "check").code).toBe("cloud.credentials");
    });
  },
);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function untilAnswers(root: string): Promise<void> {
  for (let looks = 0; looks < 600; looks += 1) {
    const answer = await fetch(root).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error("Keystone does not answer");
}
