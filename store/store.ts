/**
 * How records are kept: one DynamoDB table, spoken to through the AWS client wherever it runs.
 *
 *   pk = <kind>#<id>   sk = "record"        a record
 *   pk = events#<srv>  sk = <event id>      a server's events, in order
 *   gsi1: kind[#owner], sk1                 to list a kind; only a way to find, never the truth
 *
 * There are no transactions. Every invariant lives in one item: `update` reads it, lets the caller
 * decide, and writes on condition that nobody else wrote in between; on conflict it begins again.
 */
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  ResourceInUseException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
} from "@aws-sdk/lib-dynamodb";
import type { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import * as records from "#domain/records.ts";

const localTableName = "hypermotion";
const maxAttempts = 30;
const longestPauseMs = 500;

interface Kept {
  id: string;
  version: number;
  createdAt: string;
  updatedAt: string;
}

/** What a caller gives for a new record; the store adds the rest. */
export type NewRecord<T extends Kept> = Omit<T, "version" | "createdAt" | "updatedAt">;

export interface Page<T> {
  items: T[];
  /** Give it to the next call; absent at the end. */
  cursor?: string;
}

export interface ListOptions {
  limit?: number;
  cursor?: string;
  /** Only what belongs to it; for the collections that are listed by owner. */
  owner?: string;
}

export interface Collection<T extends Kept> {
  find(id: string): Promise<T | undefined>;
  /** @throws `record.not-found` */
  get(id: string): Promise<T>;
  /** @throws `record.exists` */
  create(record: NewRecord<T>): Promise<T>;
  /** Creates it, or returns the one that is there already, unchanged. */
  ensure(record: NewRecord<T>): Promise<T>;
  /**
   * Changes a record by a function of its present content, which may run several times and may throw.
   * Returning the same object writes nothing.
   * @throws `record.not-found`, `record.contended`
   */
  update(id: string, change: (record: T) => T): Promise<T>;
  delete(id: string): Promise<void>;
  /** Newest first. The listing follows writes with a delay on AWS. */
  list(options?: ListOptions): Promise<Page<T>>;
  /** Every record of the kind (or of one owner), page by page. */
  all(owner?: string): AsyncIterable<T>;
}

export interface EventLog {
  append(event: records.Event): Promise<void>;
  /** In order, after the given id. */
  list(serverId: string, options?: { after?: string; limit?: number }): Promise<records.Event[]>;
}

export interface Store {
  readonly targets: Collection<records.Target>;
  readonly gateways: Collection<records.Gateway>;
  readonly servers: Collection<records.SourceServer>;
  readonly sessions: Collection<records.SyncSession>;
  readonly recoveryPoints: Collection<records.RecoveryPoint>;
  readonly runs: Collection<records.Run>;
  /** Listed by target. */
  readonly placeRequests: Collection<records.PlaceRequest>;
  readonly resources: Collection<records.Resource>;
  readonly cloudIds: Collection<records.CloudId>;
  readonly callbacks: Collection<records.Callback>;
  readonly codes: Collection<records.Code>;
  readonly users: Collection<records.User>;
  readonly schedules: Collection<records.Schedule>;
  readonly webhooks: Collection<records.Webhook>;
  /** Events that not everyone has yet who asked for them. */
  readonly outbox: Collection<records.Outgoing>;
  readonly events: EventLog;
  /** Makes the table where none is yet (local only; on AWS the stack makes it). */
  prepare(): Promise<void>;
  close(): void;
}

export function openStore(
  config: DynamoDBClientConfig,
  now: () => Date,
  tableName = localTableName,
): Store {
  const client = new DynamoDBClient(config);
  const db = DynamoDBDocumentClient.from(client, {
    marshallOptions: { removeUndefinedValues: true },
  });
  const of = <S extends z.ZodType<Kept>>(
    kind: string,
    schema: S,
    ownerOf?: (record: z.output<S>) => string,
  ) =>
    collection<z.output<S>>(
      { db, tableName, now },
      kind,
      schema as unknown as z.ZodType<z.output<S>>,
      ownerOf,
    );
  return {
    targets: of("target", records.target),
    gateways: of("gateway", records.gateway),
    servers: of("server", records.sourceServer),
    sessions: of("session", records.syncSession),
    recoveryPoints: of("recovery-point", records.recoveryPoint),
    runs: of("run", records.run),
    placeRequests: of("place-request", records.placeRequest, ({ targetId }) => targetId),
    resources: of("resource", records.resource, (resource) => resource.owner),
    cloudIds: of("cloud-id", records.cloudId),
    callbacks: of("callback", records.callback),
    codes: of("code", records.code),
    users: of("user", records.user),
    schedules: of("schedule", records.schedule),
    webhooks: of("webhook", records.webhook),
    outbox: of("outgoing", records.outgoing),
    events: eventLog(db, tableName),
    prepare: () => prepareTable(client, tableName),
    close: () => client.destroy(),
  };
}

interface Table {
  readonly db: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly now: () => Date;
}

function collection<T extends Kept>(
  { db, tableName, now }: Table,
  kind: string,
  schema: z.ZodType<T>,
  ownerOf?: (record: T) => string,
): Collection<T> {
  const listKey = (owner?: string) => {
    if (ownerOf === undefined) return kind;
    if (owner === undefined) throw new Error(`${kind} records are listed by owner only`);
    return `${kind}#${owner}`;
  };
  const key = (id: string) => ({ pk: `${kind}#${id}`, sk: "record" });
  const item = (record: T) => ({
    ...key(record.id),
    kind: listKey(ownerOf?.(record)),
    sk1: `${record.createdAt}#${record.id}`,
    record,
  });
  const parse = (found: Record<string, unknown>) => schema.parse(found.record);

  async function find(id: string): Promise<T | undefined> {
    const { Item } = await db.send(
      new GetCommand({ TableName: tableName, Key: key(id), ConsistentRead: true }),
    );
    return Item === undefined ? undefined : parse(Item);
  }

  async function get(id: string): Promise<T> {
    const found = await find(id);
    if (found === undefined) throw new MigrationError("record.not-found", { kind, id });
    return found;
  }

  async function create(record: NewRecord<T>): Promise<T> {
    const at = now().toISOString();
    const whole = schema.parse({ ...record, version: 1, createdAt: at, updatedAt: at });
    try {
      await db.send(
        new PutCommand({
          TableName: tableName,
          Item: item(whole),
          ConditionExpression: "attribute_not_exists(pk)",
        }),
      );
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        throw new MigrationError("record.exists", { kind, id: record.id });
      }
      throw error;
    }
    return whole;
  }

  const turns = new Map<string, Promise<unknown>>();

  /** Writers of one process take turns at a record; only those of others are met as a conflict. */
  async function update(id: string, change: (record: T) => T): Promise<T> {
    const before = turns.get(id) ?? Promise.resolve();
    const write = () => updateInTurn(id, change);
    const turn = before.then(write, write);
    turns.set(id, turn);
    try {
      return await turn;
    } finally {
      if (turns.get(id) === turn) turns.delete(id);
    }
  }

  async function updateInTurn(id: string, change: (record: T) => T): Promise<T> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const old = await get(id);
      const changed = change(old);
      if (changed === old) return old;
      const whole = schema.parse({
        ...changed,
        version: old.version + 1,
        createdAt: old.createdAt,
        updatedAt: now().toISOString(),
      });
      try {
        await db.send(
          new PutCommand({
            TableName: tableName,
            Item: item(whole),
            ConditionExpression: "#r.#v = :v",
            ExpressionAttributeNames: { "#r": "record", "#v": "version" },
            ExpressionAttributeValues: { ":v": old.version },
          }),
        );
        return whole;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
      // Whoever lost the race waits a little, ever longer, so that many writers get through.
      const longest = Math.min(longestPauseMs, 5 * 2 ** attempt);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
    }
    throw new MigrationError("record.contended", { kind, id });
  }

  async function list({ limit = 100, cursor, owner }: ListOptions = {}): Promise<Page<T>> {
    const { Items = [], LastEvaluatedKey } = await db.send(
      new QueryCommand({
        TableName: tableName,
        IndexName: "gsi1",
        KeyConditionExpression: "#k = :k",
        ExpressionAttributeNames: { "#k": "kind" },
        ExpressionAttributeValues: { ":k": listKey(owner) },
        ScanIndexForward: false,
        Limit: limit,
        ...(cursor === undefined ? {} : { ExclusiveStartKey: decodeCursor(cursor) }),
      }),
    );
    const items = Items.map(parse);
    if (LastEvaluatedKey === undefined) return { items };
    return { items, cursor: Buffer.from(JSON.stringify(LastEvaluatedKey)).toString("base64url") };
  }

  return {
    find,
    get,
    create,
    update,
    list,
    async ensure(record) {
      const found = await find(record.id);
      if (found !== undefined) return found;
      try {
        return await create(record);
      } catch (error) {
        if (error instanceof MigrationError && error.code === "record.exists")
          return get(record.id);
        throw error;
      }
    },
    async delete(id) {
      await db.send(new DeleteCommand({ TableName: tableName, Key: key(id) }));
    },
    async *all(owner) {
      const of = owner === undefined ? {} : { owner };
      let cursor: string | undefined;
      do {
        const page: Page<T> = await list(cursor === undefined ? of : { ...of, cursor });
        yield* page.items;
        cursor = page.cursor;
      } while (cursor !== undefined);
    },
  };
}

function decodeCursor(cursor: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")) as Record<string, unknown>;
  } catch (cause) {
    throw new MigrationError(
      "input.invalid",
      { where: "cursor", problem: "is not one we gave" },
      { cause },
    );
  }
}

function eventLog(db: DynamoDBDocumentClient, tableName: string): EventLog {
  return {
    async append(event) {
      await db.send(
        new PutCommand({
          TableName: tableName,
          Item: { pk: `events#${event.serverId}`, sk: event.id, record: event },
        }),
      );
    },
    async list(serverId, { after = " ", limit = 200 } = {}) {
      const { Items = [] } = await db.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: "pk = :p AND sk > :a",
          ExpressionAttributeValues: { ":p": `events#${serverId}`, ":a": after },
          ConsistentRead: true,
          Limit: limit,
        }),
      );
      return Items.map((found) => records.event.parse(found.record));
    },
  };
}

async function prepareTable(client: DynamoDBClient, tableName: string): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: ["pk", "sk", "kind", "sk1"].map((name) => ({
          AttributeName: name,
          AttributeType: "S",
        })),
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: "gsi1",
            KeySchema: [
              { AttributeName: "kind", KeyType: "HASH" },
              { AttributeName: "sk1", KeyType: "RANGE" },
            ],
            Projection: { ProjectionType: "ALL" },
          },
        ],
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1 }, { TableName: tableName });
}
