/** The HTTP app behind API Gateway (HTTP API, payload version 2.0). */
import { handle } from "hono/aws-lambda";
import { createApp } from "../app.ts";
import { lambdaDeps } from "./host.ts";

/** API Gateway waits 30 s and no longer. Source: API Gateway developer guide, quotas of HTTP APIs. */
const longestAnswerMs = 24_000;

let app: Promise<ReturnType<typeof handle>> | undefined;

async function open() {
  return handle(createApp(await lambdaDeps(), undefined, longestAnswerMs));
}

export const handler: ReturnType<typeof handle> = async (event, context) => {
  app ??= open();
  app.catch(() => {
    app = undefined;
  });
  return (await app)(event, context);
};
