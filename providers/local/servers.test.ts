import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { judgeBoot } from "#domain/boot-evidence.ts";
import { bootSector } from "#test/fixtures/boot-sector.ts";
import { type LocalTarget, openLocalTarget, until } from "#test/fixtures/local-target.ts";
import { instanceVariable, lookAtKeeper } from "./keeping.ts";
import { processesWith, signal } from "./processes.ts";
import { missingQemu, profiles } from "./qemu.ts";
import { readSshBanner } from "./servers.ts";

const noQemu = await missingQemu("qemu-system-x86_64");
const reason = noQemu === undefined ? "" : ` (skipped: ${noQemu})`;

let target: LocalTarget;
beforeEach(async () => {
  target = await openLocalTarget();
});
afterEach(() => target.close());

async function launch(instanceType: string, says = "tiny login: "): Promise<string> {
  const volumeIds = [await target.makeVolume("system"), await target.makeVolume("data")];
  const file = await open(join(target.folder, "volumes", `${volumeIds[0]}.raw`), "r+");
  await file.write(bootSector(says)).finally(() => file.close());
  const { id } = await target.provider.compute.launch({
    ...target.naming("server"),
    instanceType,
    securityGroupId: await target.ensureGroup(),
    strategy: "bootFromVolume",
    firmware: "bios",
    volumeIds,
  });
  return id;
}

const stateOf = async (id: string) => (await target.provider.compute.findInstance(id))?.state;

async function untilState(id: string, wanted: string) {
  return until(`${id} to be ${wanted}`, async () => {
    const found = await target.provider.compute.findInstance(id);
    return found?.state === wanted ? found : undefined;
  });
}

describe.skipIf(noQemu !== undefined)(`machines${reason}`, () => {
  test.each(Object.keys(profiles))(
    "a server on %s boots from its first volume, is heard on its console, and stops",
    async (instanceType) => {
      const id = await launch(instanceType);

      const evidence = await until("a login prompt", async () => {
        const judged = judgeBoot(await target.provider.compute.readConsole(id));
        return judged.verdict === "booted" ? judged.evidence : undefined;
      });
      const running = await untilState(id, "running");
      const port = await until("its SSH port", async () => running.sshPort ?? undefined);
      await target.provider.compute.stopInstance(id);
      await untilState(id, "stopped");

      expect(evidence).toContain("tiny login:");
      expect(running).toMatchObject({ privateAddress: "10.0.2.15", publicAddress: "127.0.0.1" });
      expect(port).toBeGreaterThan(0);
    },
  );

  test("a guest that says nothing on its network answers no probe", async () => {
    const id = await launch("virtio-blk");
    await untilState(id, "running");

    expect(await target.provider.compute.probeAddress?.(id)).toBeUndefined();
  });

  test("a disk that does not boot is heard of as such", async () => {
    const volumeId = await target.makeVolume("empty");
    const { id } = await target.provider.compute.launch({
      ...target.naming("server"),
      instanceType: "ahci",
      securityGroupId: await target.ensureGroup(),
      strategy: "bootFromVolume",
      firmware: "bios",
      volumeIds: [volumeId],
    });

    const evidence = await until("the BIOS to give up", async () => {
      const judged = judgeBoot(await target.provider.compute.readConsole(id));
      return judged.verdict === "failed" ? judged.evidence : undefined;
    });

    expect(evidence).toContain("No bootable device");
  });

  test("a server whose machine is killed has failed, and says how", async () => {
    const id = await launch("nvme");
    await untilState(id, "running");
    const folder = target.instanceFolder(id);
    const keeping = await lookAtKeeper(folder);
    const keeperPid = keeping.state === "running" ? keeping.keeper.pid : 0;

    for (const process of processesWith(instanceVariable, folder)) {
      if (process.pid !== keeperPid) signal(process, "SIGKILL");
    }

    expect((await untilState(id, "failed")).problem).toContain("SIGKILL");
  });

  test("a server's volumes are its own while it exists, and go with it", async () => {
    const { compute, volumes } = target.provider;
    const id = await launch("virtio-scsi");
    const volumeId = await target.makeVolume("system");
    const codes = await Promise.all(
      [volumes.detachVolume(volumeId), volumes.deleteVolume(volumeId)].map((refusal) =>
        refusal.then(
          () => "allowed",
          (error) => error.code,
        ),
      ),
    );

    await compute.deleteInstance(id);

    expect(codes).toEqual(["cloud.wrong-state", "cloud.wrong-state"]);
    expect(await stateOf(id)).toBeUndefined();
    expect(await volumes.findVolume(volumeId)).toBeUndefined();
  });
});

describe("without a machine", () => {
  test("a launch where QEMU is missing says what to install", async () => {
    await target.close();
    target = await openLocalTarget({ server: { qemu: "/nowhere/qemu" } });

    await expect(launch("virtio-blk")).rejects.toMatchObject({
      code: "launch.no-machine",
      hint: expect.stringContaining("apt-get install"),
    });
    expect((await target.provider.listOwned()).map(({ kind }) => kind)).not.toContain("instance");
  });

  test("a machine that does not start has failed, with what QEMU printed last", async () => {
    await target.close();
    const folder = await mkdtemp(join(tmpdir(), "hypermotion-qemu-"));
    const qemu = join(folder, "qemu");
    const script = '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "no memory left" >&2\nexit 3\n';
    await writeFile(qemu, script, { mode: 0o755 });
    target = await openLocalTarget({ server: { qemu } });

    const id = await launch("virtio-blk");

    const { problem } = await untilState(id, "failed");
    expect(problem).toBe("exit status 3: no memory left");
    await rm(folder, { recursive: true });
  });
});

describe("the SSH probe", () => {
  async function bannerOf(greeting: string | undefined): Promise<string | undefined> {
    const server = createServer((socket) => {
      if (greeting === undefined) socket.destroy();
      else socket.end(greeting);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const banner = await readSshBanner(port);
    server.close();
    return banner;
  }

  test("takes a banner for an answer, and nothing less", async () => {
    expect(await bannerOf("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")).toBe(
      "SSH-2.0-OpenSSH_9.2p1 Debian-2",
    );
    expect(await bannerOf("HTTP/1.1 400 Bad Request\r\n")).toBeUndefined();
    expect(await bannerOf(undefined)).toBeUndefined();
  });
});
