/** What the stacks tell the Lambdas, and the Lambdas read: one list for both. */
import { z } from "zod";

export const lambdaEnvironment = z.object({
  /** The DynamoDB table. */
  HYPERMOTION_TABLE: z.string().min(1),
  /** In front of every secret's name. */
  HYPERMOTION_SECRETS_PREFIX: z.string().min(1),
  /** Id of the secret that callback tokens are made with. */
  HYPERMOTION_CALLBACK_KEY_SECRET: z.string().min(1),
  /** Tagged on everything made at targets. */
  HYPERMOTION_CONSOLE_ID: z.string().regex(/^[a-z0-9-]{1,32}$/),
  /** Where agents and gateways call, with its port: agents take 18766 for one that is not written. */
  HYPERMOTION_CONSOLE_URL: z.url(),
  /** Of a state machine's ARN, all but its kind. */
  HYPERMOTION_MACHINE_ARN_PREFIX: z.string().startsWith("arn:"),
  /** The packed data plane, for bare machines. */
  HYPERMOTION_SOFTWARE_URL: z.url(),
  HYPERMOTION_SOFTWARE_SHA256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The event bus. */
  HYPERMOTION_EVENT_BUS: z.string().min(1),
  /** The bucket that holds lists of servers for waves. */
  HYPERMOTION_LISTS_BUCKET: z.string().min(1),
  /** Where people sign in, and as whose client: OpenID Connect. */
  HYPERMOTION_SIGN_IN_ISSUER: z.url(),
  HYPERMOTION_SIGN_IN_CLIENT: z.string().min(1),
});

export type LambdaEnvironment = z.output<typeof lambdaEnvironment>;
