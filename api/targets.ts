import { z } from "@hono/zod-openapi";
import { platforms } from "#domain/platform.ts";
import { money } from "#domain/prices.ts";
import { targetHardware } from "#domain/protocol/gateway.ts";

/** How people name targets and servers. */
export const displayName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u, "may hold letters, digits, blanks, dots, _ and -");

export const createTargetRequest = z
  .object({
    name: displayName,
    platform: z.string().max(50),
    /** The platform's own options: see `GET /v1/platforms`. */
    config: z.record(z.string(), z.unknown()).default({}),
    /** Kept encrypted and never shown again. */
    credentials: z.record(z.string(), z.unknown()).default({}),
    maxGateways: z.number().int().min(1).max(100).default(2),
    /** Fewer than the platform's limit; more are opened by its limits, with a reason. */
    gatewayMaxVolumes: z.number().int().min(1).max(100).optional(),
    gatewayInstanceType: z.string().max(100).optional(),
    /** A gateway that nobody uses for as long is given back. */
    gatewayIdleMinutes: z.number().int().min(0).max(10_080).default(30),
  })
  .openapi("CreateTargetRequest");

export const targetView = z
  .object({
    id: z.string(),
    name: z.string(),
    platform: z.enum(platforms),
    config: z.record(z.string(), z.unknown()),
    maxGateways: z.number(),
    gatewayInstanceType: z.string().optional(),
    gatewayIdleMinutes: z.number(),
    createdAt: z.string(),
  })
  .openapi("Target");

/** One setting, as a person is asked for it. */
export const targetFieldView = z
  .object({
    /** Within config or credentials, such as `gateway.diskGiB`. */
    path: z.string(),
    in: z.enum(["config", "credentials"]),
    required: z.boolean(),
    /** Not to be shown while it is typed. */
    secret: z.boolean(),
    /** What it is, in the language asked for. */
    text: z.string(),
    /** `POST /v1/platforms/{platform}/choices` lists what it can be. */
    hasChoices: z.boolean(),
    /** JSON Schema of it alone, with its default. */
    schema: z.record(z.string(), z.unknown()),
  })
  .openapi("TargetField");

export const platformView = z
  .object({
    platform: z.enum(platforms),
    /** JSON Schemas of what a target on it needs. */
    config: z.record(z.string(), z.unknown()),
    credentials: z.record(z.string(), z.unknown()),
    fields: z.array(targetFieldView),
    /** The least the credentials must be allowed, as the platform itself writes it. */
    policy: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("Platform");

export const choicesRequest = z
  .object({
    /** Path of a setting. */
    field: z.string().max(100),
    /** Answers so far; some lists need the region. */
    config: z.record(z.string(), z.unknown()).default({}),
    /** Used for this and not kept. */
    credentials: z.record(z.string(), z.unknown()).default({}),
  })
  .openapi("ChoicesRequest");

export const choicesView = z
  .object({
    items: z.array(
      z.object({
        value: z.string(),
        label: z.string(),
        freeAddresses: z.number().optional(),
        /** Of a subnet, or of a security group that holds in one network only. */
        network: z.string().optional(),
      }),
    ),
  })
  .openapi("Choices");

export const instanceTypeView = z
  .object({
    name: z.string(),
    vcpus: z.number(),
    memoryBytes: z.number(),
    maxVolumes: z.number(),
    hardware: targetHardware.pick({ storage: true, network: true }),
    firmware: z.array(targetHardware.shape.firmware),
  })
  .openapi("InstanceType");

export const checkView = z.object({ ok: z.literal(true) }).openapi("TargetCheck");

/** What a deep check would make, before anybody agreed to it. */
export const deepCheckPlan = z
  .object({
    volumeBytes: z.number(),
    /** Absent: the target has no gateway with a free place, and nothing is hung. */
    gatewayId: z.string().optional(),
    snapshot: z.boolean(),
    /** At most. Absent: the platform does not tell its prices. */
    cost: money.optional(),
  })
  .openapi("DeepCheckPlan");

export type CreateTarget = z.input<typeof createTargetRequest>;
export type TargetFieldView = z.output<typeof targetFieldView>;
export type TargetView = z.output<typeof targetView>;
export type DeepCheckPlan = z.output<typeof deepCheckPlan>;
export type ChoiceView = z.output<typeof choicesView>["items"][number];
export type ChoicesRequest = z.input<typeof choicesRequest>;
export type PlatformView = z.output<typeof platformView>;
