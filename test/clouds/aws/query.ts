/** The Query protocol: parameters as they come, checked by the table of actions; answers as XML. */
import type { ActionTable, ParameterType } from "./actions.ts";

/** An answer of EC2's that is a refusal. Source: EC2 API reference, "Error codes for the Amazon EC2 API". */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export class Parameters {
  private readonly values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.values = values;
  }

  find(name: string): string | undefined {
    return this.values.get(name);
  }

  get(name: string): string {
    return this.values.get(name) ?? "";
  }

  number(name: string): number | undefined {
    const text = this.values.get(name);
    return text === undefined ? undefined : Number(text);
  }

  flag(name: string): boolean | undefined {
    const text = this.values.get(name);
    return text === undefined ? undefined : text === "true";
  }

  /** `InstanceId.1`, `InstanceId.2`, … */
  list(name: string): string[] {
    return this.structures(name).map((item) => item.get(""));
  }

  /** `Tag.1.Key`, `Tag.1.Value`, … as one set of parameters per number; a plain item is under "". */
  structures(name: string): Parameters[] {
    const found = new Map<number, Map<string, string>>();
    for (const [key, value] of this.values) {
      if (!key.startsWith(`${name}.`)) continue;
      const [index = "", ...rest] = key.slice(name.length + 1).split(".");
      const item = found.get(Number(index)) ?? new Map<string, string>();
      item.set(rest.join("."), value);
      found.set(Number(index), item);
    }
    return [...found].sort(([a], [b]) => a - b).map(([, item]) => new Parameters(item));
  }

  tagsFor(resourceType: string): Map<string, string> {
    const specification = this.structures("TagSpecification").find(
      (one) => one.get("ResourceType") === resourceType,
    );
    const tags = specification?.structures("Tag") ?? [];
    return new Map(tags.map((tag) => [tag.get("Key"), tag.get("Value")]));
  }

  /** All that was asked, for telling whether a repeated client token means the same. */
  fingerprint(): string {
    return JSON.stringify([...this.values].filter(([key]) => key !== "ClientToken").sort());
  }
}

const always = new Set(["Action", "Version", "DryRun"]);

/** @throws Refusal for what AWS would not take */
export function readParameters(body: string, table: ActionTable): Parameters {
  const values = new Map(new URLSearchParams(body));
  for (const [name, value] of values) {
    if (always.has(name)) continue;
    const shape = name.replace(/\.\d+(?=\.|$)/g, ".#");
    const type = table[shape];
    if (type === undefined) {
      throw new Refusal("UnknownParameter", `The parameter ${name} is not recognized`);
    }
    refuseMistyped(name, value, type.replace("!", "") as ParameterType);
  }
  for (const [shape, type] of Object.entries(table)) {
    const first = shape.replaceAll("#", "1");
    if (type.endsWith("!") && !values.has(first)) {
      throw new Refusal(
        "MissingParameter",
        `The request must contain the parameter ${shape.replace(".#", "")}`,
      );
    }
  }
  return new Parameters(values);
}

const idKinds: Record<string, string> = {
  i: "InvalidInstanceID",
  vol: "InvalidVolumeID",
  snap: "InvalidSnapshotID",
  ami: "InvalidAMIID",
  sg: "InvalidGroupId",
  subnet: "InvalidSubnetID",
  vpc: "InvalidVpcID",
  eipalloc: "InvalidAllocationID",
  eipassoc: "InvalidAssociationID",
  replacevol: "InvalidReplaceRootVolumeTaskID",
};

function refuseMistyped(name: string, value: string, type: ParameterType): void {
  const refuse = (code: string) => {
    throw new Refusal(code, `Invalid value '${value}' for ${name}`);
  };
  switch (type) {
    case "text":
      return;
    case "integer":
      if (!/^-?\d+$/.test(value)) refuse("InvalidParameterValue");
      return;
    case "boolean":
      if (value !== "true" && value !== "false") refuse("InvalidParameterValue");
      return;
    case "base64":
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) refuse("InvalidUserData.Malformed");
      return;
    default: {
      const prefix = type.slice(0, -"-id".length);
      if (!new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(value)) {
        throw new Refusal(`${idKinds[prefix]}.Malformed`, `Invalid id: "${value}"`);
      }
    }
  }
}

export type Xml = string | number | boolean | undefined | readonly Xml[] | { [name: string]: Xml };

export function toXml(value: Xml): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((item) => `<item>${toXml(item)}</item>`).join("");
  if (typeof value === "object") {
    return Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => `<${name}>${toXml(inner)}</${name}>`)
      .join("");
  }
  return String(value).replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
}
