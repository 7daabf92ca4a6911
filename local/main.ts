/** Runs the standalone edition in the foreground. `hypermotion up` starts it and has its help. */
import { parseArgs } from "node:util";
import { speaker } from "#cli/words.ts";
import { describeError, errorTable, exitStatus, factsOf, type Language } from "#domain/errors.ts";
import { type Standalone, type StandaloneOptions, startStandalone } from "./standalone.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    port: { type: "string" },
    "machines-port": { type: "string" },
    "engine-port": { type: "string" },
    listen: { type: "string" },
    advertise: { type: "string" },
    "reset-password": { type: "string" },
    lang: { type: "string", default: "en" },
    json: { type: "boolean", default: false },
  },
});
const language: Language = values.lang === "zh" ? "zh" : "en";

try {
  const standalone = await startStandalone(options());
  stopOnSignal(standalone);
  announce(standalone);
} catch (error) {
  const facts = factsOf(error);
  const { message, hint } = describeError(facts, language);
  console.error(
    values.json ? JSON.stringify({ error: { ...facts, message, hint } }) : `${message}\n${hint}`,
  );
  // Parts that were started by then may still hold the process.
  process.exit(exitStatus[errorTable[facts.code].exit]);
}

function options(): StandaloneOptions {
  const { data, port, listen, advertise } = values;
  const machinesPort = values["machines-port"];
  const enginePort = values["engine-port"];
  const resetPassword = values["reset-password"];
  return {
    ...(data === undefined ? {} : { dataFolder: data }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(machinesPort === undefined ? {} : { machinesPort: Number(machinesPort) }),
    ...(enginePort === undefined ? {} : { enginePort: Number(enginePort) }),
    ...(listen === undefined ? {} : { listen }),
    ...(advertise === undefined ? {} : { advertise }),
    ...(resetPassword === undefined ? {} : { resetPassword }),
  };
}

function announce({ url, machinesUrl, engineUrl, fingerprint, newPassword }: Standalone): void {
  if (values.json) {
    console.log(JSON.stringify({ url, machinesUrl, engineUrl, fingerprint, newPassword }));
    return;
  }
  const say = speaker(language);
  console.log(say("up ready", { url }));
  console.log(say("up machines", { machinesUrl }));
  if (newPassword !== undefined) console.log(say("up password", { ...newPassword }));
}

function stopOnSignal(standalone: Standalone): void {
  let isStopping = false;
  const stop = async () => {
    if (isStopping) return;
    isStopping = true;
    if (!values.json) console.log(speaker(language)("up stopping"));
    await standalone.close();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop());
}
