import { describe, expect, it } from "vitest";
import type { Progress } from "#domain/protocol/facts.ts";
import { createQuietable } from "./events.ts";
import { createShow } from "./show.ts";

const progress = (doneBytes: number): Progress => ({
  volumes: [
    {
      diskId: "d",
      volumeId: "v",
      totalBytes: 4 * 1024 ** 3,
      doneBytes,
      readBytes: 0,
      sentBytes: 0,
      writtenBytes: 0,
      changedBytes: 0,
      skippedBytes: 0,
    },
  ],
  rateBytesPerSecond: 100 * 1024 ** 2,
  etaSeconds: 90,
  bottleneck: "line",
  waitingForAgent: false,
});

function open(change: { json?: boolean; isTTY?: boolean; language?: "en" | "zh" } = {}) {
  const written = { stdout: "", stderr: "" };
  let nowMs = 0;
  const show = createShow({
    json: change.json ?? false,
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { isTTY: change.isTTY, write: (text) => (written.stderr += text) },
    language: change.language ?? "en",
    now: () => nowMs,
  });
  return { show, written, pass: (ms: number) => (nowMs += ms) };
}

const half = { event: "progress", sessionId: "s-1", progress: progress(2 * 1024 ** 3) } as const;

describe("what the agent shows", () => {
  it("on a terminal, a bar that is drawn over itself and gives way to words", () => {
    const { show, written } = open({ isTTY: true });

    show(half);
    show(half);
    show({ event: "done", sessionId: "s-1" });

    const bar =
      "s-1 [############............] 50.0% of 4.0 GiB, 100.0 MiB/s, 2 min left, held up by the line to the gateway";
    const over = "\r\u001b[K";
    expect(written.stderr).toBe(`${bar}${over}${bar}${over}Session s-1: done\n`);
  });

  it("in a pipe, a plain line of progress every ten seconds", () => {
    const { show, written, pass } = open();

    for (let second = 0; second < 12; second++) {
      show(half);
      pass(1000);
    }

    const line =
      "s-1 50.0% of 4.0 GiB, 100.0 MiB/s, 2 min left, held up by the line to the gateway\n";
    expect(written.stderr).toBe(line + line);
  });

  it("as JSON, every event as one line on standard output, and nothing else", () => {
    const { show, written } = open({ json: true });

    show({ event: "stopped", sessionId: "s-1" });

    expect(JSON.parse(written.stdout)).toEqual({
      at: "1970-01-01T00:00:00.000Z",
      event: "stopped",
      sessionId: "s-1",
    });
    expect(written.stderr).toBe("");
  });

  it("an error in words, with what can be done", () => {
    const { show, written } = open();

    show({
      event: "failed",
      sessionId: "s-1",
      error: { code: "disk.vanished", params: { disk: "sdb", problem: "no such device" } },
    });

    expect(written.stderr).toContain("Disk sdb can't be opened any more: no such device");
    expect(written.stderr).toContain("Bring the disk back");
  });

  it("in Chinese to whoever reads that", () => {
    const { show, written } = open({ language: "zh" });

    show(half);
    show({ event: "waiting", for: "the console", problem: "no answer" });

    expect(written.stderr).toContain(
      "s-1 50.0%，共 4.0 GiB, 100.0 MiB/s, 剩余 2 min, 瓶颈：到网关的线路\n",
    );
    expect(written.stderr).toContain("正在等待（the console）：no answer");
  });

  it("nothing while it is hushed, and afterwards what was said meanwhile but progress", () => {
    const events: string[] = [];
    const voice = createQuietable((event) => events.push(event.event));

    voice.hush();
    voice.say(half);
    voice.say({ event: "stopped", sessionId: "s-1" });
    expect(events).toEqual([]);
    voice.resume();

    expect(events).toEqual(["stopped"]);
  });
});
