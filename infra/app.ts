/**
 * The SaaS edition for `npx cdk`:
 *
 *   npx cdk synth                         shows what would be deployed
 *   npx cdk deploy --all                  deploys it
 *   … -c id=hypermotion -c email=you@example.com
 */
import { spawnSync } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, type Environment } from "aws-cdk-lib";
import { z } from "zod";
import { bundleAll, root } from "./bundle.ts";
import { addDeployment } from "./deployment.ts";
import type { Software } from "./site-stack.ts";

const text = z.string().min(1);

async function packSoftware(): Promise<Software> {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-software-"));
  const fileName = `hypermotion-linux-${process.arch}.tar.gz`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [`${root}dataplane/pack.ts`, join(folder, fileName)],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`the data plane could not be packed: ${stderr}`);
  const { sha256 } = z.object({ sha256: z.string() }).parse(JSON.parse(stdout));
  return { folder, fileName, sha256 };
}

const app = new App();
const { CDK_DEFAULT_ACCOUNT, CDK_DEFAULT_REGION } = process.env;
const env: Environment = {
  ...(CDK_DEFAULT_ACCOUNT === undefined ? {} : { account: CDK_DEFAULT_ACCOUNT }),
  ...(CDK_DEFAULT_REGION === undefined ? {} : { region: CDK_DEFAULT_REGION }),
};
const email = text.optional().parse(app.node.tryGetContext("email"));
addDeployment(app, {
  id: text.default("hypermotion").parse(app.node.tryGetContext("id")),
  env,
  bundles: await bundleAll(),
  software: await packSoftware(),
  ...(email === undefined ? {} : { email }),
});
