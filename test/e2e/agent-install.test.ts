import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCommand } from "#domain/agent-install.ts";
import { type Standalone, startStandalone } from "#local/standalone.ts";
import { findObstacle, SystemdServer } from "../fixtures/systemd-server.ts";
import { downloadsFolder, Operator, until } from "./site.ts";

const obstacle = findObstacle();
const skipped = obstacle === undefined ? "" : ` (skipped: ${obstacle})`;

describe.skipIf(obstacle !== undefined)(`a server with systemd${skipped}`, () => {
  let folder = "";
  let server: SystemdServer;
  let console: Standalone;
  let operator: Operator;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hypermotion-install-"));
    server = await SystemdServer.start(folder);
    const ports = { port: 0, machinesPort: 0 };
    console = await startStandalone({
      ...{ dataFolder: join(folder, "console"), ...ports, downloadsFolder },
      listen: server.hostAddress,
    });
    operator = new Operator(() => console.url);
    await operator.login(console.newPassword?.user ?? "", console.newPassword?.password ?? "");
    await writeFile(join(server.root, "srv/disk.raw"), Buffer.alloc(1024 ** 2, 7));
    await mkdir(join(server.root, "etc/default"), { recursive: true });
    await writeFile(join(server.root, settings), "OPTIONS=--disk sda=/srv/disk.raw\n");
  }, 300_000);

  afterAll(async () => {
    await console?.close();
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const settings = "etc/default/hypermotion-agent";
  const left =
    "ls -d /opt/hypermotion* /var/*/hypermotion* /etc/systemd/system/*/hypermotion* /usr/local/bin/hypermotion* /tmp/tmp.*";

  async function command(): Promise<string> {
    const software = await console.deps.software();
    return installCommand({ software, ...(await operator.registrationCode()) });
  }

  const pid = async () =>
    (await server.shell("systemctl show -P MainPID hypermotion-agent")).out.trim();

  test("a code that nobody gave out is refused with what to do, and nothing is left", async () => {
    const wrong = (await command()).replace(/--code \S{6}/, "--code wrong0");

    const { status, out } = await server.shell(`${wrong}`);
    const found = await server.shell(left);

    expect(out).toContain("Make a new one with: hypermotion server code");
    expect(status).toBe(6);
    expect(found.out).not.toMatch(/^\//m);
    expect(await operator.servers()).toEqual([]);
  }, 120_000);

  test("one command registers it and installs the agent as a service (S-06, R-137)", async () => {
    const { status, out } = await server.shell(await command());

    expect(out).toMatch(/Registered at .* as server srv-/);
    expect(out).toContain("The agent runs");
    expect(status).toBe(0);
    const [found] = await operator.servers();
    expect(found).toMatchObject({ name: "source" });
    const shown = await server.shell("hypermotion-agent --status --json");
    expect(JSON.parse(shown.out)).toMatchObject({
      serverId: found?.id,
      isRunning: true,
      orders: 0,
    });
    const { inventory } = await console.deps.store.servers.get(found?.id ?? "");
    expect(inventory.disks).toMatchObject([{ deviceName: "sda", sizeBytes: 1024 ** 2 }]);
  }, 120_000);

  test("the service comes back after a kill, and with the server", async () => {
    const before = await pid();
    await server.shell(`kill -9 ${before}`);
    await until("another agent", async () => ![before, "0"].includes(await pid()) || undefined);

    await server.kill();
    await server.boot();

    await until("the agent", async () => {
      const { status } = await server.shell("hypermotion-agent --status");
      return status === 0 || undefined;
    });
    expect(await operator.servers()).toHaveLength(1);
  }, 180_000);

  test("the command run again leaves it the server it was", async () => {
    const { status, out } = await server.shell(await command());

    expect(out).toContain("The agent runs");
    expect(status).toBe(0);
    expect(await operator.servers()).toHaveLength(1);
  }, 120_000);

  test.each([
    ["is no archive", "echo broken > x.tar.gz", "could not be unpacked"],
    ["holds no program", "touch x && tar -czf x.tar.gz x", "Node does not start on this server"],
  ])("a file that %s leaves the agent that runs as it is", async (_, make, problem) => {
    const before = await pid();
    await server.shell(`cd /srv && ${make}`);

    const { status, out } = await server.shell(
      "sh /opt/hypermotion-agent/program/dataplane/agent/install.sh /srv/x.tar.gz",
    );

    expect(out).toContain(problem);
    expect(status).toBe(1);
    expect(await pid()).toBe(before);
    expect((await server.shell("ls /opt/hypermotion-agent")).out).toBe("program\n");
  });

  test("a version that can't register gives way to the one before it", async () => {
    const otherConsole = `${"x".repeat(32)}.${"0".repeat(64)}`;

    const { status, out } = await server.shell(
      (await command()).replace(/--code \S+\)$/, `--code ${otherConsole})`),
    );

    expect(out).toContain("shows another certificate");
    expect(out).toContain("the agent of before runs again");
    expect(status).toBe(6);
    await until("the agent", async () => {
      const { status } = await server.shell("hypermotion-agent --status");
      return status === 0 || undefined;
    });
    expect(await operator.servers()).toHaveLength(1);
    expect((await server.shell("ls /opt/hypermotion-agent")).out).toBe("program\n");
  }, 120_000);

  test("removed, it leaves nothing on the server", async () => {
    const removed = await server.shell(
      "sh /opt/hypermotion-agent/program/dataplane/agent/install.sh --remove",
    );

    expect(removed.out).toContain("hypermotion server remove");
    expect(removed.status).toBe(0);
    expect((await server.shell(left)).out).not.toMatch(/^\//m);
    expect((await server.shell("systemctl status hypermotion-agent")).status).toBe(4);
    expect((await server.shell("hypermotion-agent --status")).status).toBe(127);
  });
});
