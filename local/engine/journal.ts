import { createHash } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type {
  Branch,
  Change,
  EventRecord,
  ExecutionRecord,
  ExecutionStatus,
  MachineRecord,
} from "./records.ts";

/**
 * The engine's memory on disk. A write resolves when it has reached the disk; writes of the same
 * moment share one transaction, so a thousand busy executions do not mean a thousand disk syncs.
 */
const schemaVersion = 1;
const schema = `
  CREATE TABLE definition (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE machine (
    arn TEXT PRIMARY KEY, name TEXT NOT NULL, roleArn TEXT NOT NULL, definition TEXT NOT NULL,
    createdAt REAL NOT NULL, updatedAt REAL NOT NULL, revisionId TEXT
  ) WITHOUT ROWID;
  CREATE TABLE execution (
    id INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, machineArn TEXT NOT NULL, name TEXT NOT NULL,
    roleArn TEXT NOT NULL, definition TEXT NOT NULL, input TEXT NOT NULL, startedAt REAL NOT NULL,
    parent TEXT, status TEXT NOT NULL, timeoutAt REAL, stoppedAt REAL, output TEXT, error TEXT,
    cause TEXT, redriveCount INTEGER NOT NULL, redrivenAt REAL
  );
  CREATE INDEX executionByMachine ON execution (machineArn, id);
  CREATE INDEX executionByStatus ON execution (machineArn, status, id);
  CREATE INDEX runningExecution ON execution (id) WHERE status = 'RUNNING';
  CREATE INDEX stoppedExecution ON execution (stoppedAt) WHERE stoppedAt IS NOT NULL;
  CREATE TABLE branch (
    execution INTEGER NOT NULL, id INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (execution, id)
  ) WITHOUT ROWID;
  CREATE TABLE event (
    execution INTEGER NOT NULL, id INTEGER NOT NULL, previousEventId INTEGER NOT NULL,
    at REAL NOT NULL, type TEXT NOT NULL, details TEXT NOT NULL, PRIMARY KEY (execution, id)
  ) WITHOUT ROWID;
`;

// After a failed write, such as a full disk, the same write is tried again; nothing moves meanwhile.
const retryAfterMs = 1_000;

/** SQLITE_BUSY, SQLITE_IOERR, SQLITE_FULL: the machine's fault, and it may pass. */
function isPassing(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && [5, 10, 13].includes(errcode & 0xff);
}

const executionColumns = `id, arn, machineArn, name, roleArn, definition, input, startedAt, parent,
  status, timeoutAt, stoppedAt, output, error, cause, redriveCount, redrivenAt`;
// With the definition's text in place of its hash.
const readExecution = `SELECT e.id, arn, machineArn, name, roleArn, d.text AS definition, input,
  startedAt, parent, status, timeoutAt, stoppedAt, output, error, cause, redriveCount, redrivenAt
  FROM execution e JOIN definition d ON d.hash = e.definition`;

export interface JournalOptions {
  readonly file: string;
  /** Called after each committed transaction, before anything acts on it. */
  readonly afterWrite?: ((writeNumber: number) => void) | undefined;
}

interface Waiting {
  readonly apply: () => void;
  readonly done: () => void;
}

export class Journal {
  readonly #database: DatabaseSync;
  readonly #afterWrite: (writeNumber: number) => void;
  readonly #statements = new Map<string, StatementSync>();
  #waiting: Waiting[] = [];
  #scheduled = false;
  #writes = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** Throws when the file is in use by another engine, or was written by a newer one. */
  constructor({ file, afterWrite }: JournalOptions) {
    this.#afterWrite = afterWrite ?? (() => {});
    this.#database = new DatabaseSync(file);
    // Exclusive, because two engines on one journal would both run every execution. The lock goes
    // with the process, however it ends.
    this.#database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
    `);
    try {
      this.#prepare();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  #prepare(): void {
    this.#database.exec("BEGIN IMMEDIATE");
    const { user_version: version } = this.#one("PRAGMA user_version") as { user_version: number };
    if (version > schemaVersion) {
      throw new Error(`the journal was written by a newer version (${version} > ${schemaVersion})`);
    }
    if (version === 0) this.#database.exec(`${schema} PRAGMA user_version = ${schemaVersion};`);
    this.#database.exec("COMMIT");
  }

  /** What waits is written first; a write that fails now was never acknowledged to anyone. */
  close(): void {
    if (this.#waiting.length > 0) this.#flush();
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#database.close();
  }

  /** Throws at once when a value cannot be written, such as one nested too deeply for JSON. */
  writeChange(change: Change): Promise<void> {
    const events = change.events.map((event) => ({
      ...event,
      details: JSON.stringify(event.details),
    }));
    const branches = change.branches.map(({ id, ...rest }) => ({
      id,
      data: JSON.stringify({ id, ...rest }),
    }));
    return this.#write(() => {
      const execution = change.execution.id;
      if (change.executionChanged) this.#applyExecution(change.execution);
      for (const event of events) {
        this.#run(
          `INSERT INTO event (execution, id, previousEventId, at, type, details)
           VALUES (:execution, :id, :previousEventId, :at, :type, :details)`,
          { execution, ...event },
        );
      }
      for (const branch of branches) {
        this.#run(
          "INSERT OR REPLACE INTO branch (execution, id, data) VALUES (:execution, :id, :data)",
          { execution, ...branch },
        );
      }
      for (const id of change.removed) {
        this.#run("DELETE FROM branch WHERE execution = :execution AND id = :id", {
          execution,
          id,
        });
      }
    });
  }

  writeMachine(machine: MachineRecord): Promise<void> {
    return this.#write(() => {
      this.#run(
        `INSERT OR REPLACE INTO machine (arn, name, roleArn, definition, createdAt, updatedAt, revisionId)
         VALUES (:arn, :name, :roleArn, :definition, :createdAt, :updatedAt, :revisionId)`,
        { ...machine },
      );
    });
  }

  removeMachine(arn: string): Promise<void> {
    return this.#write(() => this.#run("DELETE FROM machine WHERE arn = :arn", { arn }));
  }

  /** Forgets executions that ended before the moment given; without any, nothing is written. */
  async removeStoppedBefore(atMs: number): Promise<void> {
    const ended = "SELECT id FROM execution WHERE stoppedAt < :atMs";
    if (this.#one(`${ended} LIMIT 1`, { atMs }) === undefined) return;
    await this.#write(() => {
      this.#run(`DELETE FROM event WHERE execution IN (${ended})`, { atMs });
      this.#run(`DELETE FROM branch WHERE execution IN (${ended})`, { atMs });
      this.#run("DELETE FROM execution WHERE stoppedAt < :atMs", { atMs });
    });
  }

  findMachine(arn: string): MachineRecord | undefined {
    return this.#one("SELECT * FROM machine WHERE arn = :arn", { arn }) as
      | MachineRecord
      | undefined;
  }

  listMachines(afterArn: string, limit: number): MachineRecord[] {
    return this.#all("SELECT * FROM machine WHERE arn > :afterArn ORDER BY arn LIMIT :limit", {
      afterArn,
      limit,
    }) as unknown as MachineRecord[];
  }

  findExecution(arn: string): ExecutionRecord | undefined {
    return this.#one(`${readExecution} WHERE e.arn = :arn`, { arn }) as ExecutionRecord | undefined;
  }

  hasExecution(id: number): boolean {
    return this.#one("SELECT 1 FROM execution WHERE id = :id", { id }) !== undefined;
  }

  /** Newest first; `beforeId` pages on. */
  listExecutions(
    machineArn: string,
    status: ExecutionStatus | undefined,
    beforeId: number,
    limit: number,
  ): ExecutionRecord[] {
    const filter = status === undefined ? "" : "AND status = :status";
    return this.#all(
      `SELECT ${executionColumns} FROM execution
       WHERE machineArn = :machineArn ${filter} AND id < :beforeId ORDER BY id DESC LIMIT :limit`,
      { machineArn, beforeId, limit, ...(status === undefined ? {} : { status }) },
    ) as unknown as ExecutionRecord[];
  }

  listRunning(): ExecutionRecord[] {
    return this.#all(
      `${readExecution} WHERE e.status = 'RUNNING' ORDER BY e.id`,
    ) as unknown as ExecutionRecord[];
  }

  lastExecutionId(): number {
    return (this.#one("SELECT max(id) AS id FROM execution") as { id: number | null }).id ?? 0;
  }

  listBranches(execution: number): Branch[] {
    const rows = this.#all("SELECT data FROM branch WHERE execution = :execution ORDER BY id", {
      execution,
    }) as { data: string }[];
    return rows.map((row) => JSON.parse(row.data));
  }

  lastEventId(execution: number): number {
    return (
      (
        this.#one("SELECT max(id) AS id FROM event WHERE execution = :execution", {
          execution,
        }) as {
          id: number | null;
        }
      ).id ?? 0
    );
  }

  /** Events after `from` in the order asked for; `from` is exclusive. */
  listEvents(execution: number, from: number, reverse: boolean, limit: number): EventRecord[] {
    const [comparison, order] = reverse ? ["<", "DESC"] : [">", "ASC"];
    const rows = this.#all(
      `SELECT id, previousEventId, at, type, details FROM event
       WHERE execution = :execution AND id ${comparison} :from ORDER BY id ${order} LIMIT :limit`,
      { execution, from, limit },
    ) as unknown as (Omit<EventRecord, "details"> & { details: string })[];
    return rows.map((row) => ({ ...row, details: JSON.parse(row.details) }));
  }

  #applyExecution(execution: ExecutionRecord): void {
    const hash = createHash("sha256").update(execution.definition).digest("hex");
    this.#run("INSERT OR IGNORE INTO definition (hash, text) VALUES (:hash, :text)", {
      hash,
      text: execution.definition,
    });
    this.#run(
      `INSERT INTO execution (${executionColumns}) VALUES (:id, :arn, :machineArn, :name,
       :roleArn, :definition, :input, :startedAt, :parent, :status, :timeoutAt, :stoppedAt, :output,
       :error, :cause, :redriveCount, :redrivenAt)
       ON CONFLICT (id) DO UPDATE SET status = :status, timeoutAt = :timeoutAt,
       stoppedAt = :stoppedAt, output = :output, error = :error, cause = :cause,
       redriveCount = :redriveCount, redrivenAt = :redrivenAt`,
      { ...execution, definition: hash },
    );
  }

  #write(apply: () => void): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ apply, done });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    if (this.#closed) return;
    const batch = this.#waiting;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const { apply } of batch) apply();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      if (!isPassing(error)) throw error;
      this.#retry = setTimeout(() => this.#flush(), retryAfterMs);
      return;
    }
    this.#waiting = this.#waiting.slice(batch.length);
    this.#scheduled = false;
    this.#afterWrite(++this.#writes);
    for (const { done } of batch) done();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, values: Record<string, string | number | null>): void {
    this.#statement(sql).run(values);
  }

  #one(sql: string, values: Record<string, string | number | null> = {}): unknown {
    return this.#statement(sql).get(values);
  }

  #all(sql: string, values: Record<string, string | number | null> = {}): unknown[] {
    return this.#statement(sql).all(values);
  }
}
