/**
 * Which permissions are missing, found without making or changing anything: every action of the policy that a
 * target needs is asked for without what it needs. Permission is looked at by the API's gateway (RetCode 299),
 * before a product sees the call, so what is answered otherwise was allowed.
 */
import { MigrationError } from "#domain/errors.ts";
import type { Account } from "./account.ts";
import { inCloudTerms } from "./errors.ts";
import { ucloudPolicy } from "./policy.ts";

/** Only needed to choose a project; here one is chosen. */
const toChoose = "uaccount:GetProjectList";

/** Without them no prices are known, and nothing else is missing. */
const ofPrices = /Price$/;

/** An address is not needed where none is asked for. */
const ofAddresses = /EIP$/;

/**
 * An action that failed on the way counts as allowed, until it is needed.
 * @throws `cloud.forbidden`, naming every action that is missing
 */
export async function checkPermissions(account: Account): Promise<void> {
  const { client, config } = account;
  const needed = ucloudPolicy.Statement.flatMap(({ Action }) => Action).filter(
    (action) =>
      action !== toChoose &&
      !ofPrices.test(action) &&
      (config.gateway.publicAddress === "elastic" || !ofAddresses.test(action)),
  );
  const missing: string[] = [];
  for (const permission of needed) {
    const [, action = ""] = permission.split(":");
    try {
      await client.call(action, { Limit: /^Describe/.test(action) ? 1 : undefined });
    } catch (error) {
      const meant = inCloudTerms(error, action);
      if (meant.code === "cloud.credentials") throw error;
      if (meant.code === "cloud.forbidden") missing.push(permission);
    }
  }
  if (missing.length === 0) return;
  throw new MigrationError("cloud.forbidden", { platform: "ucloud", action: missing.join(", ") });
}
