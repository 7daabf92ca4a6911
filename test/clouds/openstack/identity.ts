/**
 * Keystone: who may come in, for how long, and where everything is. Sources: "Identity API v3", POST /v3/auth/tokens;
 * keystone/api/auth.py; what Debian's keystone (22.0.2, Zed) answered.
 */
import { randomBytes } from "node:crypto";
import type { Service } from "./api.ts";
import { type JsonObject, Refusal } from "./request.ts";
import type { Project } from "./state.ts";

interface AccessRule {
  readonly service: string;
  readonly method: string;
  readonly path: string;
}

export interface IdentityOptions {
  readonly roles: readonly string[];
  /** What the application credential may call; anything unless told. */
  readonly accessRules?: readonly AccessRule[] | undefined;
  readonly tokenMs: number;
  readonly regions: readonly string[];
  /** A region beside those where images alone are. */
  readonly archiveRegion?: string | undefined;
}

interface Token {
  readonly endsAt: number;
  readonly projectId: string | undefined;
  readonly rules: readonly AccessRule[] | undefined;
}

const unauthorized = (message = "The request you have made requires authentication.") =>
  new Refusal(401, "Unauthorized", message);

/** Where each service stands on the fake's one port, and how catalogues type it. */
export const places: Readonly<
  Record<Service, { readonly types: readonly string[]; readonly root: string; readonly at: string }>
> = {
  compute: { types: ["compute"], root: "/compute", at: "/v2.1" },
  volume: { types: ["volumev3", "block-storage"], root: "/volume", at: "/v3/%p" },
  // These two are in many catalogues without their version.
  image: { types: ["image"], root: "/image", at: "" },
  network: { types: ["network"], root: "/networking", at: "" },
};

export class Identity {
  readonly user = { name: "migrator", password: "fake/pass word", domain: "default" };
  readonly application = { id: randomBytes(16).toString("hex"), secret: "fake-application-secret" };
  private readonly tokens = new Map<string, Token>();
  private readonly project: Project;
  private readonly options: IdentityOptions;
  private readonly base: string;

  constructor(project: Project, base: string, options: IdentityOptions) {
    this.project = project;
    this.base = base;
    this.options = options;
  }

  /** All tokens end at once. */
  revokeAll(): void {
    this.tokens.clear();
  }

  // biome-ignore lint/suspicious/noExplicitAny: a request as it comes
  logIn(body: any): { readonly token: string; readonly body: JsonObject } {
    const { identity, scope } = body?.auth ?? {};
    const [method, ...more] = identity?.methods ?? [];
    if (more.length > 0 || !["password", "token", "application_credential"].includes(method)) {
      throw new Refusal(400, "Bad Request", "'methods' is a required property");
    }
    let rules: Token["rules"];
    let projectId = this.scopedTo(scope);
    if (method === "password") this.checkUser(identity.password.user, true);
    if (method === "token" && this.tokens.get(identity.token.id) === undefined) {
      throw new Refusal(404, "Not Found", "Could not recognize Fernet token");
    }
    if (method === "application_credential") {
      if (scope !== undefined)
        throw unauthorized("Application credentials cannot request a scope.");
      const { id, name, user, secret } = identity.application_credential;
      if (id === undefined) this.checkUser(user, false);
      const isKnown = id === this.application.id || name === "hypermotion";
      if (!isKnown || secret !== this.application.secret) throw unauthorized();
      projectId = this.project.projectId;
      rules = this.options.accessRules;
    }
    const token = `gAAAA${randomBytes(60).toString("base64url")}`;
    const endsAt = Date.now() + this.options.tokenMs;
    this.tokens.set(token, { endsAt, projectId, rules });
    return { token, body: this.tokenJson(endsAt, projectId) };
  }

  /** Of a token that its bearer asks about. */
  show(token: string): JsonObject {
    const known = this.valid(token);
    return this.tokenJson(known.endsAt, known.projectId);
  }

  /**
   * @param path with what stands before the version, as the middleware sees it
   * @throws Refusal where the token does not hold, or not for this
   */
  authorize(token: string, service: Service, method: string, path: string): void {
    const { rules } = this.valid(token);
    if (rules === undefined) return;
    const fits = rules.some((rule) => {
      const pattern = rule.path
        .replaceAll("**", "§")
        .replaceAll("*", "[^/]+")
        .replaceAll("§", ".*");
      return (
        places[service].types.includes(rule.service) &&
        rule.method === method &&
        new RegExp(`^${pattern}$`).test(path)
      );
    });
    // Source: keystonemiddleware/auth_token/__init__.py, application credential access rules.
    if (!fits) throw unauthorized("The request you have made requires authentication.");
  }

  private valid(token: string): Token {
    const known = this.tokens.get(token);
    if (known === undefined || known.endsAt < Date.now()) throw unauthorized();
    return known;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a request as it comes
  private checkUser(user: any, withPassword: boolean): void {
    const { name, password, domain } = this.user;
    const isHim =
      user?.id === this.project.userId ||
      (user?.name === name && (user.domain?.id ?? user.domain?.name?.toLowerCase()) === domain);
    if (!isHim || (withPassword && user.password !== password)) throw unauthorized();
  }

  // biome-ignore lint/suspicious/noExplicitAny: a request as it comes
  private scopedTo(scope: any): string | undefined {
    if (scope === undefined) return undefined;
    const { id, name, domain } = scope.project;
    const here =
      id === this.project.projectId ||
      (name === "moves" && (domain?.id ?? domain?.name?.toLowerCase()) === "default");
    if (here) return this.project.projectId;
    throw unauthorized();
  }

  private tokenJson(endsAt: number, projectId: string | undefined): JsonObject {
    const { tokenMs, roles } = this.options;
    const token = {
      methods: ["password"],
      user: { id: this.project.userId, name: this.user.name, domain: { id: "default" } },
      issued_at: new Date(endsAt - tokenMs).toISOString().replace("Z", "000Z"),
      expires_at: new Date(endsAt).toISOString().replace("Z", "000Z"),
    };
    // A token for no project brings no catalogue.
    if (projectId === undefined) return { token };
    return {
      token: {
        ...token,
        project: { id: projectId, name: "moves", domain: { id: "default" } },
        roles: roles.map((name) => ({ id: name, name })),
        catalog: this.catalogue(),
      },
    };
  }

  private catalogue(): JsonObject[] {
    const { regions, archiveRegion } = this.options;
    return Object.values(places).flatMap(({ types, root, at }) =>
      types.map((type) => ({
        ...{ type, name: root.slice(1) },
        endpoints: [
          ...regions,
          ...(type === "image" && archiveRegion !== undefined ? [archiveRegion] : []),
        ].flatMap((region) =>
          ["public", "internal", "admin"].map((kind) => ({
            ...{ interface: kind, region, region_id: region },
            url:
              kind === "public" && region === this.project.region
                ? `${this.base}${root}${at.replace("%p", this.project.projectId)}`
                : `http://${kind}.${region}.invalid${root}${at}`,
          })),
        ),
      })),
    );
  }
}
