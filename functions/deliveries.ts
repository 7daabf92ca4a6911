/**
 * Brings events to those who asked for them: the deployment's event bus, and webhooks. `tell` leaves each
 * event in the outbox before it is listed; it stays there until everyone has it or has been given up.
 *
 *   tell ─▶ outbox ─▶ deliverEvents ─▶ bus (SaaS edition)
 *                                   └─▶ webhooks: signed, tried again for a day
 *
 * Whoever listens may get an event twice, and not in order; its id tells.
 */
import { createHmac } from "node:crypto";
import { describeEvent } from "#domain/events.ts";
import type { Event, Outgoing, Webhook } from "#domain/records.ts";
import type { Deps } from "./deps.ts";

/** After the first try, the second, … */
const pausesMs = [10_000, 60_000, 300_000, 1_800_000, 7_200_000, 21_600_000, 43_200_000];
const patienceMs = 10_000;

export const webhookKeyName = (id: string) => `webhook/${id}/key`;

/** Tries what is due. May be repeated at any time, also at the same time. */
export async function deliverEvents(deps: Deps): Promise<void> {
  const waiting: Outgoing[] = [];
  for await (const outgoing of deps.store.outbox.all()) waiting.push(outgoing);
  if (waiting.length === 0) return;
  const webhooks: Webhook[] = [];
  for await (const webhook of deps.store.webhooks.all()) webhooks.push(webhook);
  // Listed newest first; people read oldest first.
  for (const outgoing of waiting.reverse()) {
    try {
      await deliver(deps, outgoing, webhooks);
    } catch (error) {
      // It stays in the outbox, and holds up no other. Another deliverer may have been done with it first.
      deps.log.warn({ err: error, eventId: outgoing.id }, "an event was not delivered");
    }
  }
}

/** A bus that does not answer keeps nothing from the webhooks. @returns whether it need not be told any more */
async function isPublished(deps: Deps, { published, event }: Outgoing): Promise<boolean> {
  if (deps.publish === undefined || published) return true;
  try {
    await deps.publish(event);
    return true;
  } catch (error) {
    deps.log.warn({ err: error, eventId: event.id }, "the event bus did not take an event");
    return false;
  }
}

async function deliver(deps: Deps, outgoing: Outgoing, webhooks: readonly Webhook[]) {
  const { event } = outgoing;
  const published = await isPublished(deps, outgoing);
  const listening = webhooks.filter((webhook) => listensTo(webhook, event));
  const tries = { ...outgoing.tries };
  let isDone = published;
  for (const webhook of listening) {
    const before = tries[webhook.id];
    if (before?.state === "done") continue;
    if (before !== undefined && Date.parse(before.nextAt) > deps.now().getTime()) {
      isDone = false;
      continue;
    }
    const problem = await send(deps, webhook, outgoing);
    const after = afterTry(before, problem, deps.now());
    tries[webhook.id] = after;
    isDone &&= after.state === "done";
    await remember(deps, webhook.id, problem);
  }
  if (isDone) await deps.store.outbox.delete(outgoing.id);
  else await deps.store.outbox.update(outgoing.id, (found) => ({ ...found, published, tries }));
}

function listensTo({ id, types, createdAt }: Webhook, { type, at, serverId }: Event): boolean {
  // A test is for the one that was asked for, whatever it listens to.
  if (type === "webhook.test") return serverId === id;
  return createdAt <= at && (types.length === 0 || types.includes(type));
}

type Try = Outgoing["tries"][string];

function afterTry(before: Try | undefined, problem: string | undefined, now: Date): Try {
  const count = (before?.count ?? 0) + 1;
  const pause = pausesMs[count - 1];
  const isOver = problem === undefined || pause === undefined;
  const nextAt = new Date(now.getTime() + (pause ?? 0)).toISOString();
  return { count, state: isOver ? "done" : "waiting", nextAt };
}

/** @returns what went wrong */
async function send(
  deps: Deps,
  webhook: Webhook,
  { event }: Outgoing,
): Promise<string | undefined> {
  const body = JSON.stringify({ ...event, text: describeEvent(event) });
  const seconds = Math.floor(deps.now().getTime() / 1000);
  const key = await deps.secrets.get(webhookKeyName(webhook.id));
  try {
    const response = await fetch(webhook.url, {
      method: "POST",
      // An answer that leads elsewhere would take the event to a place nobody named.
      redirect: "manual",
      signal: AbortSignal.timeout(patienceMs),
      headers: {
        "content-type": "application/json",
        "hypermotion-event": event.type,
        "hypermotion-delivery": event.id,
        "hypermotion-signature": `t=${seconds},v1=${signature(key, seconds, body)}`,
      },
      body,
    });
    await response.body?.cancel();
    return response.ok ? undefined : `it answered ${response.status}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** HMAC-SHA256, in hex, of the time in seconds, a dot, and the body as it was sent. */
export function signature(key: string, seconds: number, body: string): string {
  return createHmac("sha256", key).update(`${seconds}.${body}`).digest("hex");
}

async function remember(deps: Deps, id: string, problem: string | undefined): Promise<void> {
  if ((await deps.store.webhooks.find(id)) === undefined) return;
  const at = deps.now().toISOString();
  await deps.store.webhooks.update(id, ({ lastProblem: _, ...found }) =>
    problem === undefined
      ? { ...found, lastDeliveredAt: at }
      : { ...found, lastProblem: { problem, at } },
  );
}
