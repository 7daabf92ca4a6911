/** The HTTP app behind API Gateway (HTTP API, payload version 2.0). */
import {
  type APIGatewayProxyResult,
  handle,
  type LambdaContext,
  type LambdaEvent,
} from "hono/aws-lambda";
import { createApp } from "../app.ts";
import type { Deps } from "../deps.ts";
import { lambdaDeps } from "./host.ts";

/** API Gateway waits 30 s and no longer. Source: API Gateway developer guide, quotas of HTTP APIs. */
const longestAnswerMs = 24_000;

type Handler = (event: LambdaEvent, context?: LambdaContext) => Promise<APIGatewayProxyResult>;

export function apiHandler(deps: Deps, endsAfterMs = longestAnswerMs): Handler {
  return handle(createApp(deps, undefined, endsAfterMs));
}

let opened: Promise<Handler> | undefined;

export const handler: Handler = async (event, context) => {
  opened ??= lambdaDeps().then((deps) => apiHandler(deps));
  // A failure is not kept: the next call tries again.
  opened.catch(() => {
    opened = undefined;
  });
  return (await opened)(event, context);
};
