/** How the demo shows what it does: a bar on a terminal, plain lines in a pipe, JSON lines for machines. */

export interface StepView {
  /** `done` of `total` bytes, or only words about what is under way. */
  update(what: {
    doing?: string;
    doneBytes?: number;
    totalBytes?: number;
    rateBytesPerSecond?: number;
  }): void;
}

export interface Show {
  step<T>(name: string, work: (view: StepView) => Promise<T>): Promise<T>;
  say(text: string): void;
  readonly steps: { name: string; seconds: number }[];
}

/** In a pipe, a step that goes on says so this often. */
const plainIntervalMs = 5000;

export function createShow(out: NodeJS.WriteStream, json: boolean): Show {
  const steps: { name: string; seconds: number }[] = [];
  const isTerminal = out.isTTY === true && !json;
  const line = (text: string) => out.write(`${text}\n`);
  const event = (value: object) => line(JSON.stringify(value));

  async function step<T>(name: string, work: (view: StepView) => Promise<T>): Promise<T> {
    const started = performance.now();
    let shown = started;
    let last = "";
    if (json) event({ step: name, state: "started" });
    else if (isTerminal) out.write(`  ${name} …`);
    const view: StepView = {
      update(what) {
        const text = words(what);
        if (text === last) return;
        if (isTerminal) {
          last = text;
          out.write(`\r\u001b[K  ${name} ${bar(what)}${text}`);
        } else if (performance.now() - shown > plainIntervalMs) {
          last = text;
          shown = performance.now();
          if (json) event({ step: name, state: "running", ...what });
          else line(`  ${name}: ${text}`);
        }
      },
    };
    const end = (ok: boolean) => {
      const seconds = (performance.now() - started) / 1000;
      steps.push({ name, seconds: Math.round(seconds * 10) / 10 });
      if (json) event({ step: name, state: ok ? "done" : "failed", seconds });
      else {
        const sign = ok ? "✓" : "✗";
        line(`${isTerminal ? "\r\u001b[K" : ""}${sign} ${name} (${seconds.toFixed(1)} s)`);
      }
    };
    try {
      const result = await work(view);
      end(true);
      return result;
    } catch (error) {
      end(false);
      throw error;
    }
  }

  return { step, steps, say: (text) => (json ? event({ says: text }) : line(text)) };
}

type What = Parameters<StepView["update"]>[0];

function words({ doing = "", doneBytes, totalBytes, rateBytesPerSecond }: What): string {
  if (doneBytes === undefined || totalBytes === undefined || totalBytes === 0) return doing;
  const percent = Math.floor((100 * doneBytes) / totalBytes);
  const rate =
    rateBytesPerSecond === undefined
      ? ""
      : `, ${(rateBytesPerSecond / 1024 ** 2).toFixed(0)} MiB/s`;
  return `${doing} ${percent} %${rate}`.trim();
}

const barWidth = 24;

function bar({ doneBytes, totalBytes }: What): string {
  if (doneBytes === undefined || totalBytes === undefined || totalBytes === 0) return "";
  const full = Math.round((barWidth * doneBytes) / totalBytes);
  return `[${"█".repeat(full)}${"·".repeat(barWidth - full)}] `;
}
