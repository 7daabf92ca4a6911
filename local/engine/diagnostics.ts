/** What is wrong with a definition, and where. */
export interface Diagnostic {
  readonly code: string;
  readonly message: string;
  /** Where in the definition, as `/States/Copy/Retry[0]`. */
  readonly location: string;
}

export class DefinitionError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(
      diagnostics.map((each) => `${each.code}: ${each.message} at ${each.location}`).join(", "),
    );
    this.name = "DefinitionError";
    this.diagnostics = diagnostics;
  }
}
