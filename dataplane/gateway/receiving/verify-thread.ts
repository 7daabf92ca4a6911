/** The thread that verifies one volume: reading all of it must not hold up anybody's copy. */
import { parentPort, workerData } from "node:worker_threads";
import { factsOf } from "#domain/errors.ts";
import type { LaneVolume } from "./lane-messages.ts";
import { verifyVolume } from "./verify.ts";

const { volume, gatewayId } = workerData as { volume: LaneVolume; gatewayId: string };
verifyVolume(volume, gatewayId).then(
  (response) => parentPort?.postMessage({ response }),
  (error: unknown) => parentPort?.postMessage({ facts: factsOf(error) }),
);
