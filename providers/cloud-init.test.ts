import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { gatewayScript } from "./cloud-init.ts";

const run = promisify(execFile);

let folder = "";
let server: Server;
let bodies: Buffer[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-cloud-init-"));
  for (const path of ["bin", "etc/systemd/system", "var/lib", "program/bin"]) {
    await mkdir(join(folder, path), { recursive: true });
  }
  await writeFile(
    join(folder, "bin/systemctl"),
    `#!/bin/sh\necho "$@" >> ${folder}/systemctl.log\n`,
  );
  await chmod(join(folder, "bin/systemctl"), 0o755);
  await writeFile(join(folder, "program/bin/node"), "the program");
  server = createServer((_, response) => {
    const body = bodies.length > 1 ? bodies.shift() : bodies[0];
    response.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** The program as it is packed, and its digest. */
async function pack(): Promise<{ archive: Buffer; sha256: string }> {
  const file = join(folder, "packed.tar.gz");
  await run("tar", ["-czf", file, "-C", join(folder, "program"), "."]);
  const archive = await readFile(file);
  return { archive, sha256: createHash("sha256").update(archive).digest("hex") };
}

const bootstrapWith = (sha256: string) =>
  gatewayBootstrap.parse({
    gatewayId: "gw-1",
    consoleUrl: "https://console.invalid:18766",
    enrolmentCode: "a'b\"c$(id)`id`\\n",
    ports: {},
    software: {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/it.tar.gz`,
      sha256,
    },
  });

/** The script on a machine of its own, which is a folder; waits are short there. */
async function runOnMachine(script: string): Promise<string> {
  const here = script
    .replaceAll(/(?<=[ =])\/(opt|etc|var)\//g, `${folder}/$1/`)
    .replaceAll("sleep 10", "sleep 0.1");
  const child = spawn("sh", ["-c", here], {
    env: { PATH: `${join(folder, "bin")}:${process.env.PATH}` },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      said += chunk;
    });
  }
  const [status] = await once(child, "exit");
  expect(status, said).toBe(0);
  return said;
}

test("a bare machine gets the program and its configuration, and starts it; twice does no harm", async () => {
  const { archive, sha256 } = await pack();
  bodies = [archive];
  const bootstrap = bootstrapWith(sha256);

  await runOnMachine(gatewayScript(bootstrap));
  await runOnMachine(gatewayScript(bootstrap));

  const config = JSON.parse(await readFile(join(folder, "etc/hypermotion/gateway.json"), "utf8"));
  const { software: _, ...told } = bootstrap;
  expect(gatewayBootstrap.parse(config)).toEqual(told);
  expect(await readFile(join(folder, "opt/hypermotion/program/bin/node"), "utf8")).toBe(
    "the program",
  );
  expect(await readFile(join(folder, "systemctl.log"), "utf8")).toContain(
    "enable --now hypermotion-gateway.service",
  );
});

test("what is not the program is not unpacked; the machine asks again", async () => {
  const { archive, sha256 } = await pack();
  bodies = [Buffer.from("something else"), archive.subarray(0, 40), archive];

  const said = await runOnMachine(gatewayScript(bootstrapWith(sha256)));

  expect(said.match(/that was not the gateway's program/g)).toHaveLength(2);
  expect(await readFile(join(folder, "opt/hypermotion/program/bin/node"), "utf8")).toBe(
    "the program",
  );
});

test("a script that would not know where to fetch the program is not made", () => {
  const { software: _, ...bootstrap } = bootstrapWith("ab".repeat(32));

  expect(() => gatewayScript(bootstrap)).toThrow(MigrationError);
});

test("the script is far below the smallest limit of user data there is", () => {
  expect(Buffer.byteLength(gatewayScript(bootstrapWith("ab".repeat(32))))).toBeLessThan(4096);
});
