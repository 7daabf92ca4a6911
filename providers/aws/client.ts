/** The connection to one account and region: signed, with time-outs, through a proxy where there is one. */
import { Agent } from "node:https";
import { EC2Client } from "@aws-sdk/client-ec2";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { AwsConfig, AwsSecrets } from "./config.ts";

export interface AwsClients {
  readonly ec2: EC2Client;
  readonly sts: STSClient;
}

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

/** An assumed role lives an hour unless told; ours is asked for anew before that. */
const roleSeconds = 3600;

export function openClients(config: AwsConfig, secrets: AwsSecrets): AwsClients {
  const shared = {
    region: config.region,
    // One try per call: patience is the wrapper's (wrap.ts), which counts and logs it.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 10_000,
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
      httpsAgent: new Agent({ keepAlive: true, proxyEnv: proxyEnvironment(config) }),
    },
  };
  const keys = keysOf(secrets);
  const sts = new STSClient({
    ...shared,
    ...(config.endpoints.sts === undefined ? {} : { endpoint: config.endpoints.sts }),
    ...(keys === undefined ? {} : { credentials: keys }),
  });
  const credentials = secrets.roleArn === undefined ? keys : () => assumeRole(sts, secrets);
  const assumed = new STSClient({
    ...shared,
    ...(config.endpoints.sts === undefined ? {} : { endpoint: config.endpoints.sts }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  const ec2 = new EC2Client({
    ...shared,
    ...(config.endpoints.ec2 === undefined ? {} : { endpoint: config.endpoints.ec2 }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  return { ec2, sts: assumed };
}

function proxyEnvironment({ proxy }: AwsConfig): NodeJS.ProcessEnv {
  return proxy === undefined ? process.env : { HTTPS_PROXY: proxy, HTTP_PROXY: proxy };
}

function keysOf({ accessKeyId, secretAccessKey, sessionToken }: AwsSecrets) {
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

/** The SDK keeps what this gives until shortly before it expires. */
async function assumeRole(sts: STSClient, secrets: AwsSecrets): Promise<Credentials> {
  const { Credentials: given } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: secrets.roleArn,
      RoleSessionName: "hypermotion",
      DurationSeconds: roleSeconds,
      ExternalId: secrets.externalId,
    }),
  );
  return {
    accessKeyId: given?.AccessKeyId ?? "",
    secretAccessKey: given?.SecretAccessKey ?? "",
    ...(given?.SessionToken === undefined ? {} : { sessionToken: given.SessionToken }),
    ...(given?.Expiration === undefined ? {} : { expiration: given.Expiration }),
  };
}
