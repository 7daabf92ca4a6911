/** Secrets in Secrets Manager, each under the deployment's prefix. */
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  RestoreSecretCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { MigrationError } from "#domain/errors.ts";
import type { Secrets } from "../deps.ts";

export function managedSecrets(client: SecretsManagerClient, prefix: string): Secrets {
  const idOf = (name: string) => `${prefix}${name}`;

  async function update(name: string, value: string): Promise<void> {
    const id = idOf(name);
    try {
      await client.send(new PutSecretValueCommand({ SecretId: id, SecretString: value }));
    } catch (error) {
      // "You can't perform this operation on the secret because it was marked for deletion."
      if (!(error instanceof InvalidRequestException)) throw error;
      await client.send(new RestoreSecretCommand({ SecretId: id }));
      await client.send(new PutSecretValueCommand({ SecretId: id, SecretString: value }));
    }
  }

  return {
    async get(name) {
      try {
        const { SecretString = "" } = await client.send(
          new GetSecretValueCommand({ SecretId: idOf(name) }),
        );
        return SecretString;
      } catch (cause) {
        // What is marked for deletion can't be read any more either.
        const gone =
          cause instanceof ResourceNotFoundException || cause instanceof InvalidRequestException;
        if (!gone) throw cause;
        throw new MigrationError("record.not-found", { kind: "secret", id: name }, { cause });
      }
    },
    async put(name, value) {
      try {
        await client.send(new CreateSecretCommand({ Name: idOf(name), SecretString: value }));
      } catch (error) {
        const exists =
          error instanceof ResourceExistsException || error instanceof InvalidRequestException;
        if (!exists) throw error;
        await update(name, value);
      }
    },
    async delete(name) {
      try {
        await client.send(
          // Credentials of a target that is gone help nobody but a thief.
          new DeleteSecretCommand({ SecretId: idOf(name), ForceDeleteWithoutRecovery: true }),
        );
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
  };
}
