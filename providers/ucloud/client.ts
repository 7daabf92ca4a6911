/**
 * The connection to one account, region and project: signed, with time-outs, through a proxy where there
 * is one. The vendor's Node client is not on npm.
 */

import { numbered, type Parameters } from "../numbered-parameters.ts";
import { NoAnswer, openTransport } from "../transport.ts";
import type { UCloudConfig, UCloudSecrets } from "./config.ts";
import { UCloudRefusal } from "./errors.ts";
import { sign } from "./signature.ts";

export interface UCloudClient {
  /** @throws UCloudRefusal, NoAnswer. @typeParam Answer as the API's documentation has it */
  call<Answer>(action: string, parameters?: Parameters): Promise<Answer>;
}

/** The same in all regions; inside a VPC it is http://api.service.ucloud.cn. Source: "API 访问地址". */
const vendorsOwn = "https://api.ucloud.cn";

/** UCloud gives up after 60 s (RetCode 110). */
const answerTimeoutMs = 65_000;

export function openClient(config: UCloudConfig, secrets: UCloudSecrets): UCloudClient {
  const { region, projectId, proxy } = config;
  const send = openTransport({ proxy, answerTimeoutMs });
  const url = new URL(config.endpoint ?? vendorsOwn);

  return {
    async call<Answer>(action: string, parameters: Parameters = {}) {
      const unsigned = numbered(
        {
          ...{ Action: action, PublicKey: secrets.publicKey, SecurityToken: secrets.securityToken },
          ...{ Region: region, ProjectId: projectId },
          ...parameters,
        },
        0,
      );
      const form = new URLSearchParams(unsigned);
      form.set("Signature", sign(unsigned, secrets.privateKey));
      const body = form.toString();
      const options = {
        method: "POST",
        headers: {
          accept: "application/json",
          "content-type": "application/x-www-form-urlencoded",
        },
      };
      const answer = await send(url, { ...options, body });
      return answerIn<Answer>(action, answer.body);
    },
  };
}

/** Refusals come with HTTP status 200; what is no JSON comes from something between. */
function answerIn<Answer>(action: string, body: string): Answer {
  let answer: { RetCode?: unknown; Message?: unknown };
  try {
    answer = JSON.parse(body);
  } catch (error) {
    throw new NoAnswer(new Error(`no JSON: ${body.slice(0, 80)}`, { cause: error }));
  }
  if (answer.RetCode === 0) return answer as Answer;
  throw new UCloudRefusal(action, Number(answer.RetCode), String(answer.Message ?? ""));
}

/** The most that hosts take (DescribeUHostInstance, Limit); the other lists do not say what they take. */
const pageSize = 100;

/** All pages of a list, also where they are shorter than asked for. */
export async function listAll<Answer, T>(
  { client }: { readonly client: UCloudClient },
  action: string,
  filter: Parameters,
  read: (answer: Answer) => readonly T[] | undefined,
): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const page = { ...filter, Offset: found.length, Limit: pageSize };
    const answer = await client.call<Answer & { TotalCount?: number }>(action, page);
    const items = read(answer) ?? [];
    found.push(...items);
    const { TotalCount } = answer;
    const isLast = TotalCount === undefined ? items.length < pageSize : found.length >= TotalCount;
    if (isLast || items.length === 0) return found;
  }
}
