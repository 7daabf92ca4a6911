/**
 * The connection to one project: plain JSON over HTTPS, signed with the access key, with time-outs, through a
 * proxy where there is one. Huawei's SDK is not used: most of the services are not on npm, and its error
 * path prints signed requests to the console.
 */
import { once } from "../once.ts";
import { openTransport } from "../transport.ts";
import type { HuaweiConfig, HuaweiSecrets } from "./config.ts";
import { type OperationName, operations, type Service } from "./operations.ts";
import { authorization, encode, encodeQuery } from "./signature.ts";

/** An answer that is a refusal; `code` is empty where the cloud gave none. */
export class HuaweiRefusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly operation: OperationName;

  constructor(operation: OperationName, status: number, code: string, message: string) {
    super(message);
    this.operation = operation;
    this.status = status;
    this.code = code;
  }
}

export interface CallOptions {
  /** What stands in braces in the path. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  /** A UUID; the same one within eight hours means the same order (ECS servers and EVS volumes only). */
  readonly clientToken?: string;
}

export interface HuaweiClient {
  /** @throws `HuaweiRefusal`, or `NoAnswer` */
  call<T>(operation: OperationName, options?: CallOptions): Promise<T>;
  /** The project's id. Cheap after the first call. */
  project(): Promise<string>;
}

/** The same for all regions. Source: huaweicloud-sdk-go-v3, services/bss and services/bssintl, region.go. */
const globalHosts: Readonly<Partial<Record<Service, string>>> = { bss: "bss", bssintl: "bss-intl" };

export function openClient(config: HuaweiConfig, secrets: HuaweiSecrets): HuaweiClient {
  const send = openTransport({ proxy: config.proxy });

  function endpointOf(service: Service): URL {
    const { region, domain, endpoints } = config;
    const host = globalHosts[service] ?? `${service}.${region}`;
    return new URL(endpoints[service] ?? `https://${host}.${domain}`);
  }

  async function call<T>(operation: OperationName, options: CallOptions = {}): Promise<T> {
    const { service, method, path: template } = operations[operation];
    const endpoint = endpointOf(service);
    const scope = await scopeOf(service);
    const { "x-project-id": project = "" } = scope;
    const named: Readonly<Record<string, string>> = { ...options.path, project };
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => named[name] ?? "");
    const query = Object.entries(options.query ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as const],
    );
    const body = options.body === undefined ? "" : JSON.stringify(options.body);
    const date = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const signed: Record<string, string> = {
      host: endpoint.host,
      "x-sdk-date": date,
      ...scope,
      ...(options.clientToken === undefined ? {} : { "x-client-token": options.clientToken }),
      ...(secrets.securityToken === undefined ? {} : { "x-security-token": secrets.securityToken }),
    };
    const headers = {
      ...signed,
      authorization: authorization({ method, path, query, headers: signed, body }, secrets, date),
      accept: "application/json",
      ...(body === "" ? {} : { "content-type": "application/json;charset=utf8" }),
    };
    const encoded = path.split("/").map(encode).join("/");
    const target = `${encoded}${query.length === 0 ? "" : `?${encodeQuery(query)}`}`;
    const answer = await send(endpoint, { method, path: target, headers, body });
    return readAnswer(operation, answer.status, answer.body) as T;
  }

  const account = once(() => lookUpAccount(call));

  /** Whose a call is: a regional service's is the project's, a global one's the account's. */
  async function scopeOf(service: Service): Promise<Readonly<Record<string, string>>> {
    if (service === "iam") return {};
    if (globalHosts[service] === undefined) return { "x-project-id": await client.project() };
    const id = await account();
    return id === undefined ? {} : { "x-domain-id": id };
  }

  const client: HuaweiClient = {
    call,
    project: once(() => lookUpProject(config, call)),
  };
  return client;
}

async function lookUpProject(
  { projectId, region }: HuaweiConfig,
  call: HuaweiClient["call"],
): Promise<string> {
  if (projectId !== undefined) return projectId;
  const operation = "KeystoneListAuthProjects";
  const { projects } = await call<{ projects: { id: string; name: string }[] }>(operation);
  // Each region has one project of its own name. Source: IAM user guide, "Projects".
  const found = projects.find(({ name }) => name === region);
  if (found !== undefined) return found.id;
  throw new HuaweiRefusal(operation, 404, "", `no project ${region} is open to this access key`);
}

/** As Huawei's SDK does for global services. Source: huaweicloud-sdk-go-v3, core/auth/global_credentials.go. */
async function lookUpAccount(call: HuaweiClient["call"]): Promise<string | undefined> {
  const { domains = [] } = await call<{ domains?: { id: string }[] }>("KeystoneListAuthDomains");
  return domains[0]?.id;
}

function readAnswer(operation: OperationName, status: number, body: string): unknown {
  const parsed = parse(body);
  if (status >= 200 && status < 300) {
    if (parsed !== undefined) return parsed;
    throw new HuaweiRefusal(operation, status, "", `not JSON: ${body.slice(0, 200)}`);
  }
  const { code, message } = refusalIn(parsed);
  throw new HuaweiRefusal(
    operation,
    status,
    code,
    message || body.slice(0, 500) || `HTTP ${status}`,
  );
}

function parse(body: string): unknown {
  if (body.trim() === "") return {};
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/**
 * Each service words its refusals apart:
 *   {"error": {"code", "message"}}          ECS, EVS, IMS, IAM
 *   {"code", "message"}                     VPC v1, EIP
 *   {"error_code", "error_msg"}             the gateway before them, VPC v3, BSS
 *   {"<kind>": {"code", "message"}}         what OpenStack answers itself, such as itemNotFound
 */
function refusalIn(answer: unknown): { code: string; message: string } {
  const candidates = [answer, ...Object.values(Object(answer))].map((value) => Object(value));
  for (const { code, message, error_code, error_msg } of candidates) {
    const said = { code: code ?? error_code, message: message ?? error_msg };
    if (said.code !== undefined || said.message !== undefined) {
      return { code: String(said.code ?? ""), message: String(said.message ?? "") };
    }
  }
  return { code: "", message: "" };
}
