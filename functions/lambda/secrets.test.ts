import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  RestoreSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, expect, test } from "vitest";
import { managedSecrets } from "./secrets.ts";

const aws = mockClient(SecretsManagerClient);
const secrets = managedSecrets(new SecretsManagerClient({ region: "eu-central-1" }), "hm/");
const fault = { message: "no", $metadata: {} };

beforeEach(() => {
  aws.reset();
});

test("a secret is made under the deployment's prefix", async () => {
  aws.on(CreateSecretCommand).resolves({});

  await secrets.put("target/tgt-1/credentials", "{}");

  expect(aws.commandCalls(CreateSecretCommand)[0]?.args[0].input).toEqual({
    Name: "hm/target/tgt-1/credentials",
    SecretString: "{}",
  });
});

test("a secret that is there gets a new value, also when it was marked for deletion", async () => {
  aws.on(CreateSecretCommand).rejects(new ResourceExistsException(fault));
  aws.on(PutSecretValueCommand).rejectsOnce(new InvalidRequestException(fault)).resolves({});
  aws.on(RestoreSecretCommand).resolves({});

  await secrets.put("a", "new");

  expect(aws.commandCalls(RestoreSecretCommand)).toHaveLength(1);
  expect(aws.commandCalls(PutSecretValueCommand).at(-1)?.args[0].input).toEqual({
    SecretId: "hm/a",
    SecretString: "new",
  });
});

test("a secret that is not there is a record that is not there; deleting it succeeds", async () => {
  aws.on(GetSecretValueCommand).rejects(new ResourceNotFoundException(fault));
  aws.on(DeleteSecretCommand).rejects(new ResourceNotFoundException(fault));

  await expect(secrets.get("a")).rejects.toMatchObject({ code: "record.not-found" });
  await expect(secrets.delete("a")).resolves.toBeUndefined();
});

test("a refusal by AWS is not taken for an absent secret", async () => {
  aws.on(GetSecretValueCommand).rejects(new Error("AccessDeniedException"));

  await expect(secrets.get("a")).rejects.toThrow("AccessDeniedException");
});
