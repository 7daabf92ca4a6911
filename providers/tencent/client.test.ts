import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { openProvider } from "../registry.ts";

const proxy = createServer();

afterEach(() => {
  proxy.close();
});

test.each([
  ["china", "sts.tencentcloudapi.com:443"],
  ["international", "sts.intl.tencentcloudapi.com:443"],
])(
  "an account of the %s site is asked at %s, through the proxy that the target names",
  async (site, host) => {
    const asked: string[] = [];
    proxy.removeAllListeners("connection").on("connection", (socket) => {
      socket.once("data", (data) => {
        asked.push(String(data).split("\r\n")[0] ?? "");
        socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      });
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port } = proxy.address() as AddressInfo;
    const provider = await openProvider("tencent", {
      config: {
        ...{ region: "ap-guangzhou", subnetId: "subnet-a1b2c3d4", site },
        proxy: `http://127.0.0.1:${port}`,
      },
      secrets: { secretId: "AKIDxxxxxxxxxxxxxxxx", secretKey: "yyyyyyyyyyyyyyyyyyyy" },
      consoleId: "c",
    });

    await expect(provider.check()).rejects.toMatchObject({ code: "cloud.transient" });

    expect(asked).toEqual([`CONNECT ${host} HTTP/1.1`]);
  },
);
