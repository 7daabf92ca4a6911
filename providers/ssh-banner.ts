/** Evidence that a launched server booted, where its console tells nothing. */
import { createConnection } from "node:net";

const bannerTimeoutMs = 3_000;

/** What the guest's SSH says of itself; undefined where it is silent or its network out of reach. */
export async function readSshBanner(host: string, port = 22): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const end = (banner: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(banner);
    };
    const timer = setTimeout(() => end(undefined), bannerTimeoutMs);
    socket.once("data", (data) => end(/^SSH-[^\r\n]{1,250}/.exec(String(data))?.[0]));
    socket.once("error", () => end(undefined));
    socket.once("close", () => end(undefined));
  });
}
