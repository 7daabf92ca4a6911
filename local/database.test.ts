import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { startDatabase } from "./database.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-database-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("closing waits for the requests at work, though their callers have hung up", async () => {
  const database = await startDatabase(folder);
  const store = openStore(database.clientConfig, () => new Date());
  await store.prepare();

  const asked = Array.from({ length: 40 }, () => store.servers.list({ limit: 10 }));
  const answers = Promise.allSettled(asked);
  await sleep(5);
  store.close();
  await database.close();

  // An exception out of dynalite would end this process, and with it the test run.
  expect((await answers).length).toBe(40);
});

test("a caller that hangs up in the middle of a request harms nobody", async () => {
  const database = await startDatabase(folder);
  const store = openStore(database.clientConfig, () => new Date());
  await store.prepare();

  const socket = connect(join(folder, "dynamodb.sock"));
  socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{");
  await sleep(20);
  socket.destroy();
  await sleep(20);

  expect((await store.servers.list({ limit: 1 })).items).toEqual([]);
  store.close();
  await database.close();
});
