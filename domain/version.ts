import packageJson from "../package.json" with { type: "json" };

/** Of the whole product: console, command line, agent and gateway are released together. */
export const version: string = packageJson.version;
