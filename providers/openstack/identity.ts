/**
 * Keystone v3: a token for one project, and the service catalogue that comes with it. Source: "Identity API v3",
 * POST and GET /v3/auth/tokens.
 */
import type { OpenstackConfig, OpenstackSecrets } from "./config.ts";
import type { Service } from "./operations.ts";
import { OpenstackRefusal, refusalOf } from "./refusal.ts";
import type { JsonAnswer, SendJson } from "./transport.ts";

export interface Session {
  readonly token: string;
  readonly projectId: string;
  readonly userId: string;
  /** Names of the roles the user has in the project. */
  readonly roles: readonly string[];
  /** By our clock; the token should be renewed from then on. */
  readonly renewAtMs: number;
  readonly catalogue: readonly CatalogueEntry[];
}

interface CatalogueEntry {
  readonly type: string;
  readonly endpoints: readonly Endpoint[];
}

interface Endpoint {
  readonly interface: string;
  readonly region_id?: string | null;
  readonly region?: string | null;
  readonly url: string;
}

interface TokenBody {
  readonly expires_at: string;
  readonly issued_at: string;
  readonly project?: { readonly id: string };
  readonly user: { readonly id: string };
  readonly roles?: readonly { readonly name: string }[];
  readonly catalog?: readonly CatalogueEntry[];
}

/** Asked for ahead of its end, so that an order is not cut off by it. */
const renewAheadMs = 60_000;

const defaultDomain = { id: "default" };

function domainOf(id: string | undefined, name: string | undefined): object {
  if (id !== undefined) return { id };
  return name === undefined ? defaultDomain : { name };
}

function userOf(secrets: OpenstackSecrets): object {
  const { userId, userName, userDomainId, userDomainName } = secrets;
  if (userId !== undefined) return { id: userId };
  return { name: userName, domain: domainOf(userDomainId, userDomainName) };
}

function scopeOf(secrets: OpenstackSecrets): object | undefined {
  const { projectId, projectName, projectDomainId, projectDomainName } = secrets;
  if (projectId !== undefined) return { project: { id: projectId } };
  if (projectName === undefined) return undefined;
  return {
    project: { name: projectName, domain: domainOf(projectDomainId, projectDomainName) },
  };
}

/** An application credential belongs to its project: no scope may be asked for. */
function authOf(secrets: OpenstackSecrets): object {
  const { password, token, applicationCredentialId, applicationCredentialName } = secrets;
  if (password !== undefined) {
    const user = { ...userOf(secrets), password };
    return { identity: { methods: ["password"], password: { user } }, scope: scopeOf(secrets) };
  }
  if (token !== undefined) {
    return { identity: { methods: ["token"], token: { id: token } }, scope: scopeOf(secrets) };
  }
  const which =
    applicationCredentialId === undefined
      ? { name: applicationCredentialName, user: userOf(secrets) }
      : { id: applicationCredentialId };
  const credential = { ...which, secret: secrets.applicationCredentialSecret };
  return {
    identity: { methods: ["application_credential"], application_credential: credential },
  };
}

/** @returns such as `https://cloud.example:5000/v3` */
function identityRoot({ identityUrl }: OpenstackConfig): string {
  const plain = identityUrl.replace(/\/+$/, "");
  return /\/v3$/.test(plain) ? plain : `${plain}/v3`;
}

/** @throws `OpenstackRefusal`; 401 for credentials that don't hold */
export async function logIn(
  send: SendJson,
  config: OpenstackConfig,
  secrets: OpenstackSecrets,
  now: () => number,
): Promise<Session> {
  const url = new URL(`${identityRoot(config)}/auth/tokens`);
  const startedAt = now();
  const answer = await answered(send, url, secrets);
  const token = answer.headers["x-subject-token"];
  const { token: body } = Object(answer.body) as { token?: TokenBody };
  if (typeof token !== "string" || body === undefined) {
    throw new OpenstackRefusal(
      "LogIn",
      answer.status,
      "",
      "no token: is this Keystone, version 3?",
    );
  }
  if (body.project === undefined) {
    const problem = "the token belongs to no project; give projectName or projectId";
    throw new OpenstackRefusal("LogIn", 401, "unscoped", problem);
  }
  const livesMs = Date.parse(body.expires_at) - Date.parse(body.issued_at);
  return {
    token,
    projectId: body.project.id,
    userId: body.user.id,
    roles: (body.roles ?? []).map(({ name }) => name),
    renewAtMs: startedAt + livesMs - renewAheadMs,
    catalogue: body.catalog ?? [],
  };
}

/** A token that is given is taken as it is where no project is named: a scoped one may not be exchanged. */
async function answered(send: SendJson, url: URL, secrets: OpenstackSecrets): Promise<JsonAnswer> {
  const { token } = secrets;
  const asIs = token !== undefined && scopeOf(secrets) === undefined;
  const answer = asIs
    ? await send({
        method: "GET",
        url,
        headers: { "x-auth-token": token, "x-subject-token": token },
      })
    : await send({ method: "POST", url, headers: {}, body: { auth: authOf(secrets) } });
  if (answer.status === 200 || answer.status === 201) return answer;
  const refusal = refusalOf("LogIn", answer);
  if (answer.status !== 404) throw refusal;
  // Keystone does not know a token that has ended, whether it is shown or exchanged (seen on Zed).
  if (token !== undefined && refusal.code === "Not Found") {
    throw new OpenstackRefusal("LogIn", 401, "", "the token is not valid, or not any more");
  }
  throw new OpenstackRefusal("LogIn", 400, "", `there is no Keystone, version 3, at ${url.href}`);
}

/** As catalogues name them, the service types authority's word first. */
const types: Readonly<Record<Service, readonly string[]>> = {
  compute: ["compute"],
  volume: ["block-storage", "volumev3"],
  image: ["image"],
  network: ["network"],
};

const regionOf = ({ region_id, region }: Endpoint) => region_id ?? region;

const entriesOf = ({ catalogue }: Session, service: Service) =>
  catalogue.filter(({ type }) => types[service].includes(type));

/** Of the kind that is called, in every region. */
function endpointsOf(session: Session, config: OpenstackConfig, service: Service): Endpoint[] {
  const entries = entriesOf(session, service);
  const best = types[service].find((type) => entries.some((entry) => entry.type === type));
  return entries
    .filter(({ type }) => type === best)
    .flatMap(({ endpoints }) => endpoints)
    .filter((one) => one.interface === config.interface);
}

/** Where all services have an address of the kind that is called. */
export function regionsIn(session: Session, config: OpenstackConfig): string[] {
  const ofServices = (Object.keys(types) as Service[]).map((service) =>
    endpointsOf(session, config, service).map(regionOf),
  );
  const all = new Set(ofServices.flat().filter((region) => typeof region === "string"));
  return [...all].filter((region) => ofServices.every((regions) => regions.includes(region)));
}

/** @throws `OpenstackRefusal` where the catalogue has no such address, or more than one */
export function endpointOf(session: Session, config: OpenstackConfig, service: Service): URL {
  const { region, interface: wanted } = config;
  const entries = entriesOf(session, service);
  const inRegion = endpointsOf(session, config, service).filter(
    (one) => region === undefined || regionOf(one) === region,
  );
  const [found, second] = inRegion;
  const refuse = (problem: string) => new OpenstackRefusal("LogIn", 400, "catalogue", problem);
  if (found === undefined) {
    const regions = [...new Set(entries.flatMap(({ endpoints }) => endpoints.map(regionOf)))].join(
      ", ",
    );
    const where = region === undefined ? "" : ` in region ${region}`;
    throw refuse(
      `the catalogue has no ${wanted} endpoint of ${types[service][0]}${where}; it knows the regions: ${regions || "none"}`,
    );
  }
  if (second !== undefined && region === undefined) {
    const regions = inRegion.map(regionOf).join(", ");
    throw refuse(`the catalogue has the regions ${regions}: set one of them`);
  }
  return new URL(found.url.replace(/\/+$/, ""));
}
