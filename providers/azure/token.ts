/**
 * Tokens of Entra ID for an application with a secret: one POST, so that no library of 35 MB is loaded for
 * it, whose failures hide what Entra ID said. Source: Entra ID docs, "OAuth 2.0 client credentials flow".
 */
import {
  createPipelineRequest,
  type HttpClient,
  type PipelineRequest,
} from "@azure/core-rest-pipeline";
import type { AzureSecrets } from "./config.ts";
import { refusalOfEntra } from "./errors.ts";

interface Token {
  readonly token: string;
  readonly expiresOnTimestamp: number;
}

/** As Azure's clients want it: asked before every call. */
export interface Credential {
  getToken(): Promise<Token>;
}

/** A token is asked for anew that long before it ends. */
const marginMs = 5 * 60_000;

/** @param prepare sets what every request of ours has */
export function openCredential(
  http: HttpClient,
  prepare: (request: PipelineRequest) => void,
  { login, scope }: { login: string; scope: string },
  { tenantId, clientId, clientSecret }: AzureSecrets,
): Credential {
  let asked: Promise<Token> | undefined;

  async function ask(): Promise<Token> {
    const request = createPipelineRequest({
      url: `${login}/${tenantId}/oauth2/v2.0/token`,
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: clientSecret,
        scope,
      }).toString(),
    });
    request.headers.set("content-type", "application/x-www-form-urlencoded");
    prepare(request);
    const { status, bodyAsText } = await http.sendRequest(request);
    if (status !== 200) throw refusalOfEntra(status, bodyAsText);
    const { access_token: token, expires_in: seconds } = JSON.parse(bodyAsText ?? "");
    return { token, expiresOnTimestamp: Date.now() + Number(seconds) * 1000 };
  }

  return {
    async getToken() {
      const held = await asked;
      if (held !== undefined && held.expiresOnTimestamp - marginMs > Date.now()) return held;
      // One for all calls that wait for it; a failure is not kept.
      asked = ask().catch((error: unknown) => {
        asked = undefined;
        throw error;
      });
      return asked;
    },
  };
}
