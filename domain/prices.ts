/**
 * What things cost, in US dollars, list prices without any free tier or discount; the one place for them.
 * Read in November 2026 for us-east-1 from the vendors' price pages; other regions differ by up to a half.
 */

/** The SaaS edition's control plane. Sources: aws.amazon.com/<service>/pricing. */
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

/**
 * A gateway of the platform's default size with its disk and address, each hour. Absent: not known to us.
 * AWS: t3.xlarge 0.1664, 100 GiB of gp2 0.0137, a public IPv4 address 0.005.
 */
export const gatewayHour: Readonly<Partial<Record<string, number>>> = {
  aws: 0.185,
};

/** A replica's volume of the platform's usual type, each GiB and month. Absent: not known to us. */
export const volumeGibMonth: Readonly<Partial<Record<string, number>>> = {
  aws: 0.1,
};
