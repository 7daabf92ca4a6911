import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
} from "@aws-sdk/lib-dynamodb";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, expect, test } from "vitest";
import { openStore, type Store } from "#store/store.ts";
import { statementsFor, tableActions } from "./least-privilege.ts";
import { permissionsIn, readTable } from "./permissions/table.ts";

const db = mockClient(DynamoDBDocumentClient);
const at = "2026-11-24T00:00:00.000Z";
const record = {
  ...{ id: "cid-1", version: 1, createdAt: at, updatedAt: at },
  resourceId: "res-1",
};

let store: Store;

beforeEach(() => {
  db.reset();
  db.on(GetCommand).resolves({ Item: { record } });
  db.on(QueryCommand).resolves({ Items: [] });
  db.on(PutCommand).resolves({});
  db.on(DeleteCommand).resolves({});
  store = openStore({ region: "eu-central-1" }, () => new Date(at), "records");
});

const called = () =>
  new Set(db.calls().map(({ firstArg }) => firstArg.constructor.name.replace("Command", "Item")));
const asked = (method: string) => new Set(tableActions[method]?.map((name) => name));

test("what the permissions say a method of the store asks of DynamoDB is what it asks", async () => {
  // biome-ignore lint/suspicious/noExplicitAny: any record does, its shape is not what is looked at
  const any = store.cloudIds as any;
  const methods: Record<string, () => Promise<unknown>> = {
    find: () => any.find("cid-1"),
    get: () => any.get("cid-1"),
    create: () => any.create(record),
    update: () => any.update("cid-1", (found: object) => ({ ...found })),
    delete: () => any.delete("cid-1"),
  };
  for (const [method, call] of Object.entries(methods)) {
    db.resetHistory();
    await call();
    expect([...called()].sort(), method).toEqual([...asked(method)].sort());
  }
  db.resetHistory();
  db.on(GetCommand).resolves({});
  await any.ensure(record);
  for (const name of called()) expect([...asked("ensure")]).toContain(name);
  db.resetHistory();
  await store.events.append({ id: "e", serverId: "srv-1", at, type: "clean-up.done", params: {} });
  expect([...called()]).toEqual([...asked("append")]);
});

test("a collection or method that nobody has said the permissions of is refused", () => {
  const around = {
    ...{ tableArn: "t", secretsArn: "s", callbackKeyArn: "k", machinesArn: "m" },
    ...{ executionsArn: "e", targetRolesArn: "r", busArn: "b", listsBucketArn: "l" },
  };
  const needs = permissionsIn(readTable(), "record-launch");

  for (const wrong of [
    { ...needs, collections: { treasures: ["get"] } },
    { ...needs, collections: { servers: ["bury"] } },
    { ...needs, machines: ["explode"] },
    { ...needs, secrets: ["shout"] },
  ]) {
    expect(() => statementsFor(wrong, around)).toThrow(/nobody has said/);
  }
});
