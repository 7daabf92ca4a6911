import { MigrationError } from "#domain/errors.ts";

/** Where agents call, unless the address says otherwise (S-21). */
const agentPort = 18766;

/**
 * The console's URL from what a person typed: `host`, `host:port`, `[v6]:port` or a URL. `http://` and
 * the misprint `http://:HOST:18766` of older manuals are read as what was meant; the console
 * speaks HTTPS only. A port that isn't written is 18766, also after `https://`.
 * @throws `input.invalid`
 */
export function parseConsoleAddress(typed: string): string {
  const match =
    /^(?:https?:\/\/)?:?(\[[0-9a-f:.]+\]|[^/:@\s?#[\]]+)(?::(\d{1,5}))?(\/[^?#\s]*)?$/i.exec(
      typed.trim(),
    );
  const [, host, port = String(agentPort), path = ""] = match ?? [];
  const url = host === undefined ? undefined : `https://${host}:${port}${path.replace(/\/+$/, "")}`;
  if (url === undefined || !URL.canParse(url)) {
    throw new MigrationError("input.invalid", {
      where: "--console",
      problem: `${JSON.stringify(typed)} is not an address such as console.example.com:${agentPort}`,
    });
  }
  return url;
}
