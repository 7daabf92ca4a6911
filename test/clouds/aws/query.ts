/** The Query protocol: parameters as they come, checked by the table of actions; answers as XML. */
import { Parameters } from "../parameters.ts";
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

/** Of `TagSpecification`, for what the call makes. */
export function tagsFor(parameters: Parameters, resourceType: string): Map<string, string> {
  const specification = parameters
    .structures("TagSpecification")
    .find((one) => one.get("ResourceType") === resourceType);
  const tags = specification?.structures("Tag") ?? [];
  return new Map(tags.map((tag) => [tag.get("Key"), tag.get("Value")]));
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
