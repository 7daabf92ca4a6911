/** Parameters of a call whose lists are numbered: `Tag.1.Key`, `Tag.1.Value`, `Tag.2.Key`, … */
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

  /** All that was asked but its client token, for telling whether a repeated token means the same. */
  fingerprint(): string {
    return JSON.stringify([...this.values].filter(([key]) => key !== "ClientToken").sort());
  }
}
