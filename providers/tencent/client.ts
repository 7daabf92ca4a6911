/** The connection to one account and region: signed, with time-outs, through a proxy where there is one. */
import { Agent as PlainAgent } from "node:http";
import { Agent } from "node:https";
import type { ClientConfig } from "tencentcloud-sdk-nodejs/tencentcloud/common/interface.js";
// One file for each service: the package's entry loads all 263.
import { Client as Cbs } from "tencentcloud-sdk-nodejs/tencentcloud/services/cbs/v20170312/cbs_client.js";
import { Client as Cvm } from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_client.js";
import { Client as Sts } from "tencentcloud-sdk-nodejs/tencentcloud/services/sts/v20180813/sts_client.js";
import { Client as Vpc } from "tencentcloud-sdk-nodejs/tencentcloud/services/vpc/v20170312/vpc_client.js";
import type { TencentConfig, TencentSecrets } from "./config.ts";

export interface TencentClients {
  readonly cvm: Cvm;
  readonly cbs: Cbs;
  readonly vpc: Vpc;
  readonly sts: Sts;
}

const timeoutSeconds = 30;

export function openClients(
  config: TencentConfig,
  { secretId, secretKey, token }: TencentSecrets,
): TencentClients {
  const domain = config.site === "china" ? "tencentcloudapi.com" : "intl.tencentcloudapi.com";
  // The SDK itself knows `http_proxy` only, and opens a connection for each request.
  const secure = new Agent({ keepAlive: true, proxyEnv: proxyEnvironment(config) });
  const plain = new PlainAgent({ keepAlive: true });
  const settings = (service: keyof TencentClients): ClientConfig => {
    const url = new URL(config.endpoints[service] ?? `https://${service}.${domain}`);
    return {
      credential: { secretId, secretKey, ...(token === undefined ? {} : { token }) },
      region: config.region,
      profile: {
        language: "en-US",
        httpProfile: {
          endpoint: url.host,
          protocol: `${url.protocol}//`,
          reqTimeout: timeoutSeconds,
          agent: url.protocol === "http:" ? plain : secure,
        },
      },
    };
  };
  return {
    cvm: new Cvm(settings("cvm")),
    cbs: new Cbs(settings("cbs")),
    vpc: new Vpc(settings("vpc")),
    sts: new Sts(settings("sts")),
  };
}

function proxyEnvironment({ proxy }: TencentConfig): NodeJS.ProcessEnv {
  return proxy === undefined ? process.env : { HTTPS_PROXY: proxy };
}

/** The most a page holds. Source: CVM, CBS and VPC APIs, Limit of every Describe action used here. */
const pageSize = 100;

/** All pages of a list, one after the other. */
export async function listAll<T>(
  ask: (page: { Offset: number; Limit: number }) => Promise<readonly T[] | undefined>,
): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const page = (await ask({ Offset: found.length, Limit: pageSize })) ?? [];
    found.push(...page);
    if (page.length < pageSize) return found;
  }
}
