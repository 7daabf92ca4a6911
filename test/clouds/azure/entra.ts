/**
 * The directory that gives tokens. Sources: Entra ID docs, "OAuth 2.0 client credentials flow"; its error
 * codes (AADSTS…).
 */
import { randomUUID } from "node:crypto";
import { json, type Shown } from "./answers.ts";
import { Refusal } from "./refusal.ts";

export class Directory {
  readonly tenantId = "72f988bf-86f1-41af-91ab-2d7cd011db47";
  readonly clientId = "11111111-2222-3333-4444-555555555555";
  readonly clientSecret = "fake~secret_of.the-application";
  /** Tokens, and when they end. */
  private readonly tokens = new Map<string, number>();
  private readonly audience: string;

  /** @param audience what tokens are for: ARM of this cloud */
  constructor(audience: string) {
    this.audience = audience;
  }

  /** From now on no token that was given is taken. */
  endAllTokens(): void {
    this.tokens.clear();
  }

  /** @throws Refusal. Source: ARM docs, "AuthenticationFailed". */
  requireToken(authorization: string | undefined): void {
    const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
    if (token === undefined) {
      throw new Refusal(
        401,
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
      );
    }
    const endsAt = this.tokens.get(token);
    if (endsAt === undefined) {
      throw new Refusal(401, "InvalidAuthenticationToken", "The access token is invalid.");
    }
    if (endsAt < Date.now()) {
      throw new Refusal(
        401,
        "ExpiredAuthenticationToken",
        "The access token expiry UTC time is earlier than current UTC time.",
      );
    }
  }

  /** @returns undefined for what is not the directory's */
  serve(method: string, path: string, body: string): (() => Shown) | undefined {
    const tenant = /^\/([^/]+)\/oauth2\/v2\.0\/token$/.exec(path)?.[1];
    if (tenant === undefined || method !== "POST") return undefined;
    return () => this.giveToken(tenant, body);
  }

  private giveToken(tenant: string, body: string): Shown {
    const form = new URLSearchParams(body);
    if (tenant !== this.tenantId)
      return this.refuse("invalid_request", 90002, `Tenant '${tenant}' not found.`);
    if (form.get("grant_type") !== "client_credentials") {
      return this.refuse("unsupported_grant_type", 70003, "The grant type is not supported.");
    }
    if (form.get("client_id") !== this.clientId) {
      return this.refuse(
        "unauthorized_client",
        700016,
        `Application with identifier '${form.get("client_id")}' was not found in the directory.`,
      );
    }
    if (form.get("client_secret") !== this.clientSecret) {
      return this.refuse("invalid_client", 7000215, "Invalid client secret provided.", 401);
    }
    const [scope] = (form.get("scope") ?? "").split(" ");
    if (scope !== `${this.audience}/.default`) {
      return this.refuse(
        "invalid_scope",
        70011,
        `The provided value for scope ${scope} is not valid.`,
      );
    }
    const token = `eyJ.${randomUUID()}.fake`;
    this.tokens.set(token, Date.now() + 3599_000);
    return json(200, {
      token_type: "Bearer",
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: token,
    });
  }

  private refuse(error: string, code: number, text: string, status = 400): Shown {
    return json(status, {
      error,
      error_description: `AADSTS${code}: ${text} Trace ID: 0 Correlation ID: 0 Timestamp: 2026-11-23 00:00:00Z`,
      error_codes: [code],
      timestamp: "2026-11-23 00:00:00Z",
      trace_id: "0",
      correlation_id: "0",
    });
  }
}
