/**
 * The connection to one subscription: tokens from Entra ID, with time-outs, through a proxy where there is
 * one. Azure's own clients speak; this file alone makes them.
 */
import { Agent } from "node:https";
import { rootCertificates } from "node:tls";
import { ComputeManagementClient } from "@azure/arm-compute";
import { NetworkManagementClient } from "@azure/arm-network";
import {
  createDefaultHttpClient,
  createPipelineRequest,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { type AzureConfig, type AzureSecrets, azureClouds, pricesUrl } from "./config.ts";
import { refusalOf } from "./errors.ts";
import { openCredential } from "./token.ts";

export interface AzureClients {
  readonly compute: ComputeManagementClient;
  readonly network: NetworkManagementClient;
  /** What no client of ours covers. @param path from `/subscriptions` on, with its API version */
  get(path: string): Promise<unknown>;
  /** All pages of a list. @param path as for `get` */
  list(path: string): Promise<readonly unknown[]>;
  /** Without our token: its address holds a key of its own. @returns undefined where there is nothing */
  readBlob(url: string): Promise<string | undefined>;
  /** Those of the public list of prices that pass, of all pages. Without our token: it knows no accounts. */
  listPrices(filter: string): Promise<readonly unknown[]>;
}

/** Source: Resources REST API, SubscriptionListResult: the link is always there, so it ends as an empty one. */
interface Page {
  readonly value?: readonly unknown[];
  readonly nextLink?: string;
}

/** Source: Cost Management REST API, "Azure Retail Prices overview": the link is there, and null on the last. */
interface PricesPage {
  readonly Items?: readonly unknown[];
  readonly NextPageLink?: string | null;
}

/** Of a single call; what takes longer is an operation, which is asked for. */
const callTimeoutMs = 30_000;

/**
 * The China cloud learns API versions later than the clients do; it is asked by those it has had since
 * 2025. Keys: what the clients in package.json say. What we send is the same in both.
 */
const olderVersions: Readonly<Record<string, string>> = {
  "2026-04-01": "2024-07-01",
  "2026-03-02": "2024-03-02",
  "2026-01-01": "2024-05-01",
};

export function openClients(config: AzureConfig, secrets: AzureSecrets): AzureClients {
  const cloud = azureClouds[config.cloud];
  const arm = config.endpoints.arm ?? cloud.arm;
  const login = config.endpoints.login ?? cloud.login;
  const prices = config.endpoints.prices ?? pricesUrl;
  const agent = new Agent({
    keepAlive: true,
    proxyEnv: config.proxy === undefined ? process.env : { HTTPS_PROXY: config.proxy },
    ...(config.caCertificates === undefined
      ? {}
      : { ca: [...rootCertificates, config.caCertificates] }),
  });
  const prepare = (request: PipelineRequest): void => {
    request.agent = agent;
    request.timeout = callTimeoutMs;
    if (config.cloud === "china") request.url = withOlderVersion(request.url);
  };
  const ourWay: PipelinePolicy = {
    name: "hypermotion",
    sendRequest(request, next) {
      prepare(request);
      return next(request);
    },
  };
  const http = createDefaultHttpClient();
  const credential = openCredential(http, prepare, { login, scope: cloud.scope }, secrets);
  const options = {
    endpoint: arm,
    credentials: { scopes: [cloud.scope] },
    additionalPolicies: [{ policy: ourWay, position: "perCall" as const }],
    // One try per call: patience is the wrapper's (wrap.ts), which counts and logs it.
    retryOptions: { maxRetries: 0 },
  };
  const compute = new ComputeManagementClient(credential, config.subscriptionId, options);
  const network = new NetworkManagementClient(credential, config.subscriptionId, options);
  const get = async (path: string): Promise<unknown> => {
    const request = createPipelineRequest({ url: `${arm}${path}` });
    const { status, bodyAsText } = await compute.pipeline.sendRequest(http, request);
    if (status !== 200) throw refusalOf(status, bodyAsText);
    return JSON.parse(bodyAsText ?? "");
  };
  const getWithoutToken = (url: string): Promise<PipelineResponse> => {
    const request = createPipelineRequest({ url });
    prepare(request);
    return http.sendRequest(request);
  };
  return {
    compute,
    network,
    get,
    async list(path) {
      const found: unknown[] = [];
      for (let at: string | undefined = path; at !== undefined; ) {
        const { value = [], nextLink }: Page = Object(await get(at));
        found.push(...value);
        // Its path alone: our token goes nowhere but to the endpoint we were told.
        at = nextLink ? pathOf(nextLink) : undefined;
      }
      return found;
    },
    async readBlob(url) {
      const { status, bodyAsText } = await getWithoutToken(url);
      if (status === 404) return undefined;
      if (status !== 200) throw refusalOf(status, bodyAsText);
      return bodyAsText ?? "";
    },
    async listPrices(filter) {
      const found: unknown[] = [];
      const first = `/api/retail/prices?$filter=${encodeURIComponent(filter)}`;
      for (let at: string | undefined = first; at !== undefined; ) {
        const { status, bodyAsText } = await getWithoutToken(`${prices}${at}`);
        if (status !== 200) throw refusalOf(status, bodyAsText);
        const { Items = [], NextPageLink }: PricesPage = Object(JSON.parse(bodyAsText ?? ""));
        found.push(...Items);
        at = NextPageLink ? pathOf(NextPageLink) : undefined;
      }
      return found;
    },
  };
}

function pathOf(link: string): string {
  const { pathname, search } = new URL(link);
  return `${pathname}${search}`;
}

function withOlderVersion(url: string): string {
  return url.replace(/(?<=[?&]api-version=)[\d-]+/, (version) => olderVersions[version] ?? version);
}
