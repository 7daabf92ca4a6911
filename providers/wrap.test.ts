import { describe, expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import type { Clock } from "./clock.ts";
import type { Ledger } from "./ledger.ts";
import { redact } from "./logging.ts";
import type { Provider } from "./provider.ts";
import { createRateLimiter } from "./rate-limit.ts";
import { openProvider, targetPlatforms } from "./registry.ts";
import { askCloud, wrapProvider } from "./wrap.ts";

const absent = () => Promise.reject(new Error("not used in this test"));

/** A cloud that knows volumes only. */
function cloudWith(volumes: Partial<Provider["volumes"]>): Provider {
  return {
    platform: "local",
    capabilities: absent,
    check: absent,
    listOwned: async () => [],
    network: {
      ensureSecurityGroup: absent,
      deleteSecurityGroup: absent,
      ensureAddress: async () => undefined,
      releaseAddress: absent,
    },
    compute: {
      listInstanceTypes: absent,
      createGateway: async () => ({ id: "i-1" }),
      launch: absent,
      findInstance: absent,
      findInstanceByToken: absent,
      stopInstance: absent,
      deleteInstance: absent,
      readConsole: absent,
    },
    volumes: {
      createVolume: absent,
      findVolume: absent,
      attachVolume: absent,
      detachVolume: absent,
      deleteVolume: absent,
      createSnapshot: absent,
      findSnapshot: absent,
      deleteSnapshot: absent,
      ...volumes,
    },
  };
}

function stillClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = 0;
  return {
    slept,
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
    random: () => 1,
  };
}

test("what is asked before there is a target is tried again and logged without its secrets", async () => {
  const lines: string[] = [];
  const write = (facts: Record<string, unknown>) => void lines.push(JSON.stringify(facts));
  const clock = stillClock();
  const question = {
    ...{ platform: "aws", method: "choices of region", secrets: { key: "not for the log" } },
    ...{ log: { debug: write, warn: write }, clock },
  };
  const answers = ["not for the log is throttled", "eu-1"];
  const ask = async () => {
    const answer = answers.shift() ?? "";
    if (answer === "eu-1") return answer;
    throw new MigrationError("cloud.transient", { platform: "aws", problem: answer });
  };

  expect(await askCloud(question, ask)).toBe("eu-1");

  expect(clock.slept).toHaveLength(1);
  expect(lines).toHaveLength(2);
  expect(lines.join()).toContain("choices of region");
  expect(lines.join()).not.toContain("not for the log");
});

let accounts = 0;

function wrapped(provider: Provider, secrets: unknown = {}) {
  const events: string[] = [];
  const lines: string[] = [];
  const ledger: Ledger = {
    before: async (...facts) => void events.push(`before ${facts.join(" ")}`),
    after: async (...facts) => void events.push(`after ${facts.join(" ")}`),
    gone: async (...facts) => void events.push(`gone ${facts.join(" ")}`),
  };
  const write = (facts: Record<string, unknown>) => void lines.push(JSON.stringify(facts));
  const log = { debug: write, warn: write };
  const clock = stillClock();
  accounts += 1;
  const limits = { account: `account-${accounts}` };
  const wrapping = { ledger, runId: "run-1", log, limits, secrets, clock };
  return { provider: wrapProvider(provider, wrapping), events, lines, clock };
}

const tags = { "hypermotion:console": "c", "hypermotion:owner": "srv-1", Name: "web" };
const order = { token: "t-1", tags, sizeBytes: 1024 ** 2, role: "data" as const };
const throttled = () => new MigrationError("cloud.throttled", { platform: "local" });

describe("the ledger", () => {
  test("knows of a create before the cloud does, and its id afterwards", async () => {
    const seen: string[] = [];
    const { provider, events } = wrapped(
      cloudWith({
        createVolume: async () => {
          seen.push(...events);
          return { id: "v-1" };
        },
      }),
    );

    await provider.volumes.createVolume(order);

    expect(seen).toEqual(["before volume t-1 srv-1 run-1"]);
    expect(events).toEqual(["before volume t-1 srv-1 run-1", "after t-1 v-1"]);
  });

  test("keeps an entry open whose create failed, since it may have taken effect", async () => {
    const { provider, events } = wrapped(
      cloudWith({ createVolume: () => Promise.reject(throttled()) }),
    );

    await expect(provider.volumes.createVolume(order)).rejects.toThrow(MigrationError);

    expect(events).toEqual(["before volume t-1 srv-1 run-1"]);
  });

  test("closes an entry when its thing was deleted, or was never made", async () => {
    const { provider, events } = wrapped(cloudWith({ deleteVolume: async () => undefined }));

    await provider.volumes.deleteVolume("v-1");
    await provider.network.ensureAddress({ token: "a-1", tags, instanceId: "i-1" });

    expect(events).toEqual([
      "gone volume v-1",
      "before address a-1 srv-1 run-1",
      "gone address a-1",
    ]);
  });
});

describe("retries", () => {
  test("a throttled call is made again, later and later", async () => {
    let calls = 0;
    const { provider, clock } = wrapped(
      cloudWith({
        createVolume: async () => {
          calls += 1;
          if (calls < 4) throw throttled();
          return { id: "v-1" };
        },
      }),
    );

    await expect(provider.volumes.createVolume(order)).resolves.toEqual({ id: "v-1" });

    expect(clock.slept).toEqual([250, 500, 1000]);
  });

  test.each([
    ["a spent quota", new MigrationError("cloud.quota-exceeded", { platform: "x", what: "y" })],
    ["a wait", new MigrationError("not-ready", { what: "x", state: "y" })],
    ["a fault of ours", new TypeError("x is not a function")],
  ])("%s is not tried again", async (_name, error) => {
    let calls = 0;
    const { provider } = wrapped(
      cloudWith({
        findVolume: async () => {
          calls += 1;
          throw error;
        },
      }),
    );

    await expect(provider.volumes.findVolume("v-1")).rejects.toBe(error);

    expect(calls).toBe(1);
  });
});

describe("the rate limit", () => {
  test("lets a burst through at once and the rest at the even rate", async () => {
    const clock = stillClock();
    const limiter = createRateLimiter({ callsPerSecond: 10, burst: 3 }, clock);

    for (let call = 0; call < 5; call += 1) await limiter.take();

    expect(clock.slept).toEqual([100, 100]);
  });

  test("gives callers that ask together one turn each", async () => {
    const waits: number[] = [];
    const clock = {
      now: () => 0,
      sleep: async (ms: number) => void waits.push(ms),
      random: () => 0,
    };
    const limiter = createRateLimiter({ callsPerSecond: 10, burst: 1 }, clock);

    await Promise.all([limiter.take(), limiter.take(), limiter.take()]);

    expect(waits).toEqual([100, 200]);
  });
});

describe("the log", () => {
  test("names each call, and holds neither credentials nor user data", async () => {
    const secret = "correct-horse-battery";
    const { provider, lines } = wrapped(
      cloudWith({
        findVolume: () =>
          Promise.reject(
            new MigrationError("cloud.unexpected", { platform: "x", problem: `key ${secret} bad` }),
          ),
      }),
      { user: { password: secret } },
    );

    await provider.compute.createGateway({
      token: "g-1",
      tags,
      securityGroupId: "sg-1",
      bootstrap: {
        gatewayId: "gateway-1",
        consoleUrl: "https://console.invalid",
        enrolmentCode: "once-only",
        ports: { control: 18090, blocks: 12222 },
        listen: "0.0.0.0",
      },
    });
    await expect(provider.volumes.findVolume("v-1")).rejects.toThrow(MigrationError);

    expect(lines.join("\n")).toContain("compute.createGateway");
    expect(lines.join("\n")).toContain("cloud.unexpected");
    expect(lines.join("\n")).not.toContain("once-only");
    expect(lines.join("\n")).not.toContain(secret);
  });

  test("hides fields by their name, however deep", () => {
    const value = { a: [{ secretAccessKey: "x", name: "web" }], adminPassword: "y" };

    expect(redact(value, [])).toEqual({
      a: [{ secretAccessKey: "[hidden]", name: "web" }],
      adminPassword: "[hidden]",
    });
  });
});

describe("the registry", () => {
  test("a platform that is not there is refused with those that are", async () => {
    const options = { config: {}, secrets: {}, consoleId: "c" };

    const refusal = openProvider("nimbus", options);

    await expect(refusal).rejects.toMatchObject({
      code: "target.unknown-platform",
      params: { platform: "nimbus", known: targetPlatforms.join(", ") },
    });
  });

  test("settings that do not fit are refused with the field's name", async () => {
    const options = { config: { folder: 7 }, secrets: {}, consoleId: "c" };

    await expect(openProvider("local", options)).rejects.toMatchObject({
      code: "input.invalid",
      params: { problem: expect.stringContaining("folder") },
    });
  });
});
