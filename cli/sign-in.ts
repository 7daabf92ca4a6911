/**
 * Signing in where a console's users are kept elsewhere, in the browser: OpenID Connect's authorization
 * code with PKCE, and this machine's own port as the way back. Sources: RFC 6749, RFC 7636, RFC 8252.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import * as oauth from "oauth4webapi";
import type { SignIn } from "#api/auth.ts";
import { MigrationError } from "#domain/errors.ts";
import { signInReturnPort, signInReturnUrl } from "#domain/sign-in.ts";
import type { Say } from "./words.ts";

const patienceMs = 10 * 60_000;

export interface Tokens {
  readonly token: string;
  readonly refreshToken?: string;
  readonly expiresAt: string;
}

/** Waits until the person has signed in. @throws `auth.sign-in-failed` */
export async function signInElsewhere(say: Say, signIn: SignIn): Promise<Tokens> {
  return explained(signIn, async () => {
    const server = await discover(signIn);
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const query = new URLSearchParams({
      ...{
        client_id: signIn.clientId,
        redirect_uri: signInReturnUrl,
        response_type: "code",
        state,
      },
      ...{ scope: "openid", code_challenge_method: "S256" },
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    });
    const address = `${server.authorization_endpoint}?${query}`;
    const returned = await waitForReturn(say, () => {
      process.stderr.write(`${say("login browser", { address, port: signInReturnPort })}\n`);
    });
    const { clientId } = signIn;
    const client: oauth.Client = { client_id: clientId };
    const parameters = oauth.validateAuthResponse(server, client, returned, state);
    const response = await oauth.authorizationCodeGrantRequest(
      ...([server, client, oauth.None(), parameters, signInReturnUrl, verifier] as const),
      allowance(signIn),
    );
    return tokensOf(await oauth.processAuthorizationCodeResponse(server, client, response));
  });
}

/** New tokens without the person. @throws `auth.sign-in-failed` when that is over */
export async function renew(signIn: SignIn, refreshToken: string): Promise<Tokens> {
  return explained(signIn, async () => {
    const server = await discover(signIn);
    const client: oauth.Client = { client_id: signIn.clientId };
    const response = await oauth.refreshTokenGrantRequest(
      ...([server, client, oauth.None(), refreshToken] as const),
      allowance(signIn),
    );
    const found = await oauth.processRefreshTokenResponse(server, client, response);
    return { refreshToken, ...tokensOf(found) };
  });
}

async function discover(signIn: SignIn): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(signIn.issuer);
  const response = await oauth.discoveryRequest(issuer, allowance(signIn));
  return oauth.processDiscoveryResponse(issuer, response);
}

/** Only this machine may be asked without TLS. */
function allowance({ issuer }: SignIn) {
  const { hostname } = new URL(issuer);
  const isHere = hostname === "127.0.0.1" || hostname === "localhost";
  return { [oauth.allowInsecureRequests]: isHere, signal: () => AbortSignal.timeout(30_000) };
}

function tokensOf(found: oauth.TokenEndpointResponse): Tokens {
  const { access_token, refresh_token, expires_in = 3600 } = found;
  return {
    token: access_token,
    ...(refresh_token === undefined ? {} : { refreshToken: refresh_token }),
    expiresAt: new Date(Date.now() + expires_in * 1000).toISOString(),
  };
}

/** What the browser brings back. @throws when the port is taken, or after ten minutes */
async function waitForReturn(say: Say, listening: () => void): Promise<URL> {
  const server = createServer();
  try {
    server.listen(signInReturnPort, "localhost");
    await once(server, "listening");
    listening();
    const until = AbortSignal.timeout(patienceMs);
    for (;;) {
      const [request, response] = await once(server, "request", { signal: until });
      const url = new URL(request.url ?? "/", signInReturnUrl);
      const isReturn = url.pathname === new URL(signInReturnUrl).pathname;
      response.writeHead(isReturn ? 200 : 404, { "content-type": "text/plain; charset=utf-8" });
      response.end(isReturn ? say("login returned") : "");
      if (isReturn) return url;
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function explained<T>({ issuer }: SignIn, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { message, cause: deeper } = cause instanceof Error ? cause : new Error(String(cause));
    const detail = deeper instanceof Error ? `${message}: ${deeper.message}` : message;
    const problem =
      cause instanceof oauth.AuthorizationResponseError || cause instanceof oauth.ResponseBodyError
        ? `${cause.error} ${cause.error_description ?? ""}`.trim()
        : detail;
    throw new MigrationError("auth.sign-in-failed", { address: issuer, problem }, { cause });
  }
}
