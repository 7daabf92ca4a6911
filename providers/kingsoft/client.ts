/** The connection to one account and region: signed, with time-outs, through a proxy where there is one. */

import { numbered, type Parameters } from "../numbered-parameters.ts";
import { openTransport } from "../transport.ts";
import type { KingsoftConfig, KingsoftSecrets } from "./config.ts";
import { KingsoftRefusal } from "./errors.ts";
import { authorization, canonicalQuery, dateOf } from "./signature.ts";

/** All of one version. Source: github.com/kingsoftcloud/sdk-go, each service's client. */
const version = "2016-03-04";
export type Service = "kec" | "ebs" | "vpc" | "eip";

export interface KingsoftClient {
  /** @throws KingsoftRefusal, NoAnswer. @typeParam Answer as the API's documentation has it */
  call<Answer>(service: Service, action: string, parameters?: Parameters): Promise<Answer>;
}

const contentType = "application/x-www-form-urlencoded";

export function openClient(config: KingsoftConfig, secrets: KingsoftSecrets): KingsoftClient {
  const { proxy, region } = config;
  const send = openTransport({ proxy });

  return {
    async call<Answer>(service: Service, action: string, parameters: Parameters = {}) {
      const url = new URL(config.endpoints[service] ?? `https://${service}.api.ksyun.com`);
      const query = canonicalQuery({ Action: action, Version: version });
      // A gateway's user data would be too long for an address.
      const body = canonicalQuery(numbered(parameters, 1));
      const date = dateOf(new Date());
      const signed = { method: "POST", host: url.host, query, contentType, body, date };
      const options = {
        method: "POST",
        path: `/?${query}`,
        headers: {
          host: url.host,
          "x-amz-date": date,
          "content-type": contentType,
          // XML unless told. Source: EBS API reference, "Response".
          accept: "application/json",
          authorization: authorization(signed, { region, service }, secrets),
        },
      };
      const answer = await send(url, { ...options, body });
      return answerIn<Answer>(`${service}:${action}`, answer.status, answer.body);
    },
  };
}

interface Told {
  readonly Code?: string;
  readonly Message?: string;
}

/** As an error is written. Sources: EBS API reference, "Response"; sdk-go, common/http/response.go, for the older way. */
interface Failure {
  readonly RequestId?: string;
  readonly Error?: Told;
  readonly code?: number | string;
  readonly codeDesc?: string;
  readonly message?: string;
}

/** What several things were ordered for fails for each of them, with status 200. Source: KEC API, TerminateInstances. */
interface Orders {
  readonly InstancesSet?: readonly {
    readonly InstanceId?: string;
    readonly Return?: boolean;
    readonly Message?: string;
    /** StopInstances writes it so. */
    readonly Messgae?: string;
  }[];
}

function answerIn<Answer>(action: string, status: number, body: string): Answer {
  let answer: Failure & Orders;
  try {
    answer = JSON.parse(body);
  } catch (error) {
    throw new KingsoftRefusal(action, status, "", body.slice(0, 200), undefined, { cause: error });
  }
  const { Error: told, RequestId, codeDesc, message = "" } = answer;
  if (told !== undefined) {
    throw new KingsoftRefusal(action, status, told.Code ?? "", told.Message ?? "", RequestId);
  }
  if (status >= 300) {
    throw new KingsoftRefusal(
      action,
      status,
      codeDesc ?? String(answer.code ?? ""),
      message,
      RequestId,
    );
  }
  const refused = answer.InstancesSet?.find(({ Return }) => Return === false);
  if (refused !== undefined) {
    const why = refused.Message || refused.Messgae || "";
    throw new KingsoftRefusal(action, status, "Return", why, RequestId);
  }
  return answer as Answer;
}
