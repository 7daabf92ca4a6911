import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findAptArchive } from "./apt-archive.ts";

let etc: string;

beforeEach(async () => {
  etc = await mkdtemp(join(tmpdir(), "apt-archive-"));
  await mkdir(join(etc, "apt/sources.list.d"), { recursive: true });
});
afterEach(() => rm(etc, { recursive: true }));

test("a Debian machine's mirror is taken from one-line sources", async () => {
  await writeFile(join(etc, "os-release"), "ID=debian\nVERSION_CODENAME=trixie\n");
  await writeFile(
    join(etc, "apt/sources.list"),
    "deb http://security.example/debian trixie-security main\n" +
      "deb-src http://source.example/debian trixie main\n" +
      "deb [signed-by=/a.gpg arch=amd64] http://mirror.example/debian trixie contrib main\n",
  );

  const archive = await findAptArchive(etc);

  expect(archive).toEqual({ suite: "trixie", mirror: "http://mirror.example/debian" });
});

test("a Debian machine's mirror is taken from stanzas", async () => {
  await writeFile(join(etc, "os-release"), "ID=debian\nVERSION_CODENAME=bookworm\n");
  await writeFile(
    join(etc, "apt/sources.list.d/debian.sources"),
    "Types: deb\nURIs: http://security.example\nSuites: bookworm-security\nComponents: main\n\n" +
      "Types: deb deb-src\n# nearby\nURIs: http://mirror.example/debian\n" +
      "Suites: bookworm bookworm-updates\nComponents: main\n",
  );

  const archive = await findAptArchive(etc);

  expect(archive).toEqual({ suite: "bookworm", mirror: "http://mirror.example/debian" });
});

test("a machine that is not a Debian one installs Debian from the public archive", async () => {
  await writeFile(join(etc, "os-release"), "ID=ubuntu\nVERSION_CODENAME=noble\n");
  await writeFile(join(etc, "apt/sources.list"), "deb http://mirror.example/ubuntu noble main\n");

  const archive = await findAptArchive(etc);

  expect(archive).toEqual({ suite: "bookworm", mirror: "http://deb.debian.org/debian" });
});
