/**
 * HyperDoor in a cloud's fake: the very program that runs in an instance's memory, over the files that
 * the fake's volumes are, speaking to the real console over real HTTPS. How a fake uses it:
 *
 *   const doors = openHyperDoors(machines);                       once, when the fake starts
 *
 *   an instance is made of an image that is the fake's HyperDoor image:
 *     - make its system disk as a volume of the size asked for: machines.createVolume(systemId, bytes);
 *     - hang what the call hangs on it in the fake's own state, nothing in `machines`;
 *     - doors.start({ id, userData, systemVolumeId, attached, boot })  when its state becomes running;
 *       `userData` is what the guest would read: decode what the cloud's API wants encoded;
 *       `attached()` gives the ids of the data volumes that hang on it now, in the order they came;
 *       `boot()` is what a restart of the machine does from now on, mostly
 *           () => machines.startServer(id, [systemVolumeId, ...attached()])
 *     - attaching and detaching volumes of that instance changes the fake's own state only, as long as
 *       doors.isOpen(id); so the program sees them come and go;
 *   the instance's console:   `doors.console(id)` in front of machines.console(id);
 *   its state:                running while doors.isOpen(id), then what machines.find(id) says;
 *   it is stopped or deleted: await doors.end(id) before anything else;
 *   its power is cut:         doors.reset(id), as a restart by the cloud's API does too;
 *   the fake is closed:       await doors.close().
 *
 * A migration whose target has `hyperDoor: { image }` then goes all the way:
 *   launch ─▶ door copies ─▶ clone detached and deleted ─▶ data volumes attached ─▶ boot() ─▶ boot-check.
 */
import { open } from "node:fs/promises";
import { totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type DoorDisks, runDoor } from "#dataplane/door/run-door.ts";
import { hyperDoorMark } from "#domain/boot-evidence.ts";
import { MigrationError } from "#domain/errors.ts";
import { type HyperDoorOrders, hyperDoorOrders } from "#domain/protocol/hyperdoor.ts";
import type { Machines } from "./machines.ts";

export interface DoorInstance {
  readonly id: string;
  readonly userData: string;
  readonly systemVolumeId: string;
  attached(): readonly string[];
  boot(): Promise<void>;
}

export interface HyperDoors {
  start(instance: DoorInstance): void;
  /** Whether HyperDoor, and not yet what it copied, runs on the instance. */
  isOpen(id: string): boolean;
  /** What it has shown so far; stays when the copied system has started. */
  console(id: string): string;
  /** Its power is cut and comes back. */
  reset(id: string): Promise<void>;
  end(id: string): Promise<void>;
  close(): Promise<void>;
}

interface OpenDoor {
  readonly instance: DoorInstance;
  readonly power: AbortController;
  readonly running: Promise<void>;
}

/** Small disks, small head: 1 MiB is what is copied last. */
const headBytes = 1024 ** 2;
const reportEveryMs = 50;
const disksWithinMs = 30_000;

export function openHyperDoors(machines: Pick<Machines, "pathOf">): HyperDoors {
  const doors = new Map<string, OpenDoor>();
  const shown = new Map<string, string>();

  function start(instance: DoorInstance): void {
    const { id } = instance;
    const power = new AbortController();
    const running = run(instance, power.signal).catch((error: unknown) => {
      // Without power nobody hears the end of it.
      if (!power.signal.aborted) say(id, `broke: ${error}`);
    });
    doors.set(id, { instance, power, running });
  }

  async function run(instance: DoorInstance, signal: AbortSignal): Promise<void> {
    const { id } = instance;
    const orders = hyperDoorOrders.parse(JSON.parse(instance.userData));
    const system = await open(machines.pathOf(instance.systemVolumeId), "r");
    const { size: systemBytes } = await system.stat().finally(() => system.close());
    const end = await runDoor({
      ...{ orders, systemBytes, memoryBytes: totalmem(), signal, reportEveryMs },
      openDisks: () => openDisks(instance, orders, signal),
      say: (words) => say(id, words),
    });
    if (end === "stop") return say(id, "nobody waits for this copy");
    say(id, "restarts into the copied system");
    await instance.boot();
    doors.delete(id);
  }

  function say(id: string, words: string): void {
    shown.set(id, `${shown.get(id) ?? ""}${hyperDoorMark}${words}\n`);
  }

  async function openDisks(
    { attached, systemVolumeId }: DoorInstance,
    { volumeBytes }: HyperDoorOrders,
    signal: AbortSignal,
  ): Promise<DoorDisks> {
    for (let waitedMs = 0; waitedMs < disksWithinMs; waitedMs += 20) {
      const [clone] = attached();
      if (clone !== undefined) return openFiles(clone, systemVolumeId);
      await sleep(20, undefined, { signal });
    }
    throw new MigrationError("hyperdoor.no-disk", {
      ...{ disk: "the clone", sizeBytes: volumeBytes, seen: "none" },
    });
  }

  async function openFiles(clone: string, systemVolumeId: string): Promise<DoorDisks> {
    const source = await open(machines.pathOf(clone), "r");
    const target = await open(machines.pathOf(systemVolumeId), "r+");
    return {
      ...{ source, target, headBytes },
      sourceBytes: (await source.stat()).size,
      targetBytes: (await target.stat()).size,
      async close() {
        await source.close();
        await target.close();
      },
    };
  }

  async function end(id: string): Promise<void> {
    const door = doors.get(id);
    door?.power.abort();
    await door?.running;
    doors.delete(id);
  }

  return {
    start,
    isOpen: (id) => doors.has(id),
    console: (id) => shown.get(id) ?? "",
    async reset(id) {
      const door = doors.get(id);
      if (door === undefined) return;
      await end(id);
      start(door.instance);
    },
    end,
    async close() {
      await Promise.all([...doors.keys()].map(end));
    },
  };
}
