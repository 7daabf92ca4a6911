/** What things cost. What a target's cloud asks it tells itself (`prices` of providers/provider.ts). */
import { z } from "zod";

/** As clouds count one. */
export const hoursOfMonth = 730;

export const money = z.object({
  amount: z.number(),
  /** ISO 4217, such as CNY. */
  currency: z.string(),
});
export type Money = z.output<typeof money>;

/** Such as `12.40 CNY`, or `0.00027 USD`: of less than one, the first two digits that are not zero. */
export function moneyText({ amount, currency }: Money): string {
  if (amount === 0 || amount >= 1) return `${amount.toFixed(2)} ${currency}`;
  const rounded = Number(amount.toPrecision(2));
  const places = Math.min(20, 1 - Math.floor(Math.log10(rounded)));
  return `${rounded.toFixed(Math.max(2, places))} ${currency}`;
}

/**
 * The SaaS edition's control plane, in US dollars: list prices without any free tier or discount, read in
 * November 2026 for us-east-1; other regions differ by up to a half. Sources: aws.amazon.com/<service>/pricing.
 */
export const controlPlanePrices = {
  /** Step Functions, standard workflows: each state transition. */
  stateTransition: 25 / 1e6,
  /** Lambda on arm64: each GB of memory for a second. */
  lambdaGbSecond: 0.0000133334,
  lambdaRequest: 0.2 / 1e6,
  /** API Gateway, HTTP API: each request of up to 512 KB. */
  apiRequest: 1 / 1e6,
  /** DynamoDB on demand: each write of up to 1 KB, counted twice where an index follows it. */
  tableWrite: 0.625 / 1e6,
  /** Each strongly consistent read of up to 4 KB. */
  tableRead: 0.125 / 1e6,
  /** EventBridge: each event of up to 64 KB on a bus of one's own. */
  busEvent: 1 / 1e6,
  /** Secrets Manager: each secret and month. */
  secretMonth: 0.4,
  secretCall: 5 / 1e6,
  /** CloudWatch Logs: each GB taken in. */
  logGb: 0.5,
  /** CloudWatch: each alarm and month. */
  alarmMonth: 0.1,
  /** KMS: each key and month. */
  keyMonth: 1,
} as const;
