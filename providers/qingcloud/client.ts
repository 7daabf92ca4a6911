/**
 * The connection to one account and zone: signed, with time-outs, through a proxy where there is one. All
 * calls are POST forms: user data and passwords then stand in no address. Source: QingCloud API, "POST
 * request"; the verb is part of what is signed.
 */

import { numbered, type Parameters } from "../numbered-parameters.ts";
import { openTransport } from "../transport.ts";
import type { QingcloudConfig, QingcloudSecrets } from "./config.ts";
import { QingcloudRefusal } from "./errors.ts";
import { canonicalQuery, encode, signatureOf } from "./signature.ts";

export interface QingcloudClient {
  /**
   * @param parameters beside the zone; `zone: undefined` leaves that out too
   * @throws QingcloudRefusal, NoAnswer
   * @typeParam Answer as the API's documentation has it
   */
  call<Answer>(action: string, parameters: Parameters): Promise<Answer>;
}

export function openClient(config: QingcloudConfig, secrets: QingcloudSecrets): QingcloudClient {
  const send = openTransport({ proxy: config.proxy });
  const url = new URL(config.endpoint);

  return {
    async call<Answer>(action: string, parameters: Parameters) {
      const query = canonicalQuery(
        numbered(
          {
            zone: config.zone,
            ...parameters,
            action,
            time_stamp: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
            access_key_id: secrets.accessKeyId,
            version: 1,
            signature_method: "HmacSHA256",
            signature_version: 1,
          },
          1,
        ),
      );
      const signature = signatureOf(
        { method: "POST", path: url.pathname, query },
        secrets.secretAccessKey,
      );
      const body = `${query}&signature=${encode(signature)}`;
      const options = {
        method: "POST",
        headers: {
          accept: "application/json",
          "content-type": "application/x-www-form-urlencoded",
        },
      };
      const { status, body: answer } = await send(url, { ...options, body });
      return answerIn<Answer>(action, status, answer);
    },
  };
}

/** A refusal too has status 200: `ret_code` tells. Source: QingCloud API, "Error codes". */
function answerIn<Answer>(action: string, status: number, body: string): Answer {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(body);
  } catch (error) {
    throw new QingcloudRefusal(action, status, undefined, body.slice(0, 200), { cause: error });
  }
  const { ret_code: code, message } = answer;
  if (code === 0) return answer as Answer;
  throw new QingcloudRefusal(
    action,
    status,
    typeof code === "number" ? code : undefined,
    String(message ?? ""),
  );
}
