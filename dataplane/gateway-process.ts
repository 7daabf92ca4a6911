/** A gateway as the daemon that it is, with the console that it enrolled at, for tests. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pair, Scene } from "./copy-harness.ts";
import { type Daemon, startDaemon } from "./daemon-process.ts";
import { createFakeConsole, type FakeConsole } from "./fake-console.ts";
import { type Call, callPinned } from "./pinned-https.ts";
import { fingerprintOf } from "./wire/identity.ts";

export class GatewayProcess {
  readonly console: FakeConsole;
  readonly #scene: Scene;
  readonly #daemons: Daemon[] = [];

  private constructor(scene: Scene, console: FakeConsole) {
    this.#scene = scene;
    this.console = console;
  }

  /** Its state and its volumes are in the scene's folder. */
  static async start(scene: Scene): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(scene, await createFakeConsole());
    await gateway.startAgain();
    return gateway;
  }

  /** After it was killed. */
  async startAgain(): Promise<void> {
    const { console } = this;
    const { folder } = this.#scene;
    const config = {
      ...{ gatewayId: "gateway-1", consoleUrl: console.url, listen: "127.0.0.1" },
      consoleFingerprint: console.identity.fingerprint,
      enrolmentCode: console.secret,
      ports: { control: 0, blocks: 0 },
      volumeRoot: folder,
    };
    await writeFile(join(folder, "config.json"), JSON.stringify(config));
    const daemon = startDaemon("gateway/hypermotion-gateway.mjs", [
      ...["--config", join(folder, "config.json"), "--state", join(folder, "state")],
    ]);
    this.#daemons.push(daemon);
    await daemon.says("the gateway listens");
    await console.until("the enrolment", () => console.enrolments.length > 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.kill("SIGKILL")));
    await this.console.stop();
  }

  get daemon(): Daemon {
    const last = this.#daemons.at(-1);
    if (last === undefined) throw new Error("the gateway was not started");
    return last;
  }

  /** Where agents dial. */
  get port(): number {
    return this.#enrolment().ports.blocks;
  }

  /** The scene as copies to this gateway need it. */
  get scene(): Scene {
    const fingerprint = fingerprintOf(this.#enrolment().certificatePem);
    return { ...this.#scene, gateway: { ...this.#scene.gateway, fingerprint } };
  }

  async call<T>(request: Partial<Call>): Promise<{ status: number; body: T }> {
    const { ports, certificatePem, controlToken: token } = this.#enrolment();
    const url = `https://127.0.0.1:${ports.control}`;
    const answer = await callPinned(
      { url, fingerprint: fingerprintOf(certificatePem) },
      { method: "GET", token, timeoutMs: 60_000, ...request },
    );
    return answer as { status: number; body: T };
  }

  /** What all orders about volumes have in common. */
  orderOf(pairs: readonly (Pair & { serial?: string })[], token: string) {
    return {
      serverId: "srv-1",
      volumes: pairs.map(({ diskId, volumeId, sizeBytes, volumePath: path, serial }) => ({
        ...{ diskId, volumeId, sizeBytes },
        device: serial === undefined ? { by: "path", path } : { by: "serial", serial },
      })),
      callback: {
        url: `${this.console.url}/v1/callbacks/${token}`,
        consoleFingerprint: this.console.identity.fingerprint,
      },
    };
  }

  /** For the scene's agent. @throws unless it is accepted */
  async openSession(
    sessionId: string,
    pairs: readonly (Pair & { serial?: string })[],
  ): Promise<void> {
    const { fingerprint: agentFingerprint } = this.#scene.agent;
    const order = { ...this.orderOf(pairs, sessionId), mode: "initial", agentFingerprint };
    const path = `/v1/sessions/${sessionId}`;
    const { status, body } = await this.call({ method: "PUT", path, body: order });
    if (status !== 200) throw new Error(`${path} was answered ${JSON.stringify(body)}`);
  }

  /** The kinds of what was reported to a callback so far. */
  reportsTo(token: string): string[] {
    return this.console.callbacks
      .filter((told) => told.token === token)
      .map(({ body }) => body.kind);
  }

  #enrolment() {
    const [first] = this.console.enrolments;
    if (first === undefined) throw new Error("the gateway has not enrolled");
    return first;
  }
}
