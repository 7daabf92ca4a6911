import { readFileSync } from "node:fs";
import { z } from "zod";

const packageJson = z.object({ version: z.string() });

/** Of the whole product; agent, gateway and console are released together. */
export const version: string = packageJson.parse(
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")),
).version;
