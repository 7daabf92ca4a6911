// Gives schemas their names in the OpenAPI document.
import "@hono/zod-openapi";
import { gateway } from "#domain/records.ts";

/** A gateway as people see it; the secrets of its control API are elsewhere. */
export const gatewayView = gateway
  .pick({
    id: true,
    targetId: true,
    state: true,
    maxSlots: true,
    spareSlots: true,
    zone: true,
    bootId: true,
    slots: true,
    instanceId: true,
    host: true,
    ports: true,
    certificateFingerprint: true,
    vcpus: true,
    repairCarriers: true,
    createdAt: true,
  })
  .openapi("Gateway");
