/** Runs a step's handler in this process, as Lambda would run it in one of its own. */
import { z } from "zod";

const stepName = z.string().regex(/^[a-z][a-z-]*$/);

type Handler = (event: unknown, context: object) => Promise<unknown>;
const stepModule = z.object({ handler: z.custom<Handler>((value) => typeof value === "function") });

/** Steps find what they need by `hostWith`, which must have been called. */
export async function invokeStep(functionName: string, payload: unknown): Promise<unknown> {
  const name = stepName.parse(functionName);
  const { handler } = stepModule.parse(await import(`../functions/steps/${name}/index.ts`));
  return handler(payload, { functionName: name });
}
