import { z } from "@hono/zod-openapi";
import { webhook } from "#domain/records.ts";
import { displayName } from "./targets.ts";

export const webhookRequest = z
  .strictObject({
    name: displayName,
    /** https, or http on the console's own machine. */
    url: z.url().max(2000),
    /** Of the event catalogue; none: all. */
    types: z.array(z.string().max(100)).max(100).default([]),
  })
  .openapi("WebhookRequest");

export const webhookView = z
  .object(webhook.omit({ version: true, updatedAt: true }).shape)
  .openapi("Webhook");

/** The key is shown this once. */
export const newWebhookView = webhookView.extend({ key: z.string() }).openapi("NewWebhook");

export type WebhookRequest = z.input<typeof webhookRequest>;
export type WebhookView = z.output<typeof webhookView>;
