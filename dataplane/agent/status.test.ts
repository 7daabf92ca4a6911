import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holdStateFolder } from "../single-instance.ts";
import { saveRegistration } from "./state.ts";
import { findStatus } from "./status.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-status-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("an agent runs as long as its process holds the state folder", async () => {
  await saveRegistration(folder, {
    ...{ consoleUrl: "https://192.0.2.10:18766", serverId: "srv-1", token: "t" },
  });
  const known = { serverId: "srv-1", console: "192.0.2.10:18766", orders: 0 };

  const release = await holdStateFolder(folder, "hypermotion-agent");
  expect(await findStatus(folder)).toEqual({ ...known, isRunning: true });
  release();

  expect(await findStatus(folder)).toEqual({ ...known, isRunning: false });
});

test("where none was registered it says what to do", async () => {
  await expect(findStatus(folder)).rejects.toMatchObject({ code: "agent.not-registered" });
  await expect(findStatus(join(folder, "none"))).rejects.toMatchObject({
    code: "agent.not-registered",
  });
});
