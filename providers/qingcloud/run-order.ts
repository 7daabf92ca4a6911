/** Parts of an order for an instance that gateways and launched servers have in common. */
import { randomInt } from "node:crypto";
import { MigrationError } from "#domain/errors.ts";

/** Of the base64 text. Source: QingCloud API, RunInstances, `userdata_value`. */
const mostEncodedBytes = 4 * 1024;
/** Raw. */
export const maxUserDataBytes = (mostEncodedBytes / 4) * 3;

/**
 * QingCloud's own way, not cloud-init's: `exec` is written to a file that is run at every start, which is
 * /etc/rc.local; `plain` to /etc/qingcloud/userdata. Source: QingCloud API, RunInstances, `userdata_type`.
 * @throws `cloud.refused` when it is too long
 */
export function userDataOf(
  type: "exec" | "plain",
  { userData }: { readonly userData: string },
): Readonly<Record<string, string | number>> {
  if (Buffer.byteLength(userData) > maxUserDataBytes) {
    throw new MigrationError("cloud.refused", {
      platform: "qingcloud",
      what: "an instance",
      problem: `its user data is longer than ${maxUserDataBytes} bytes`,
    });
  }
  return {
    need_userdata: 1,
    userdata_type: type,
    userdata_value: Buffer.from(userData).toString("base64"),
    ...(type === "exec" ? { userdata_file: "/etc/rc.local" } : {}),
  };
}

const letters = ["abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"] as const;

/** For an order that needs a login nobody is to have: forgotten at once. */
export function anyPassword(): string {
  return Array.from({ length: 18 }, (_, index) => {
    const set = letters[index % letters.length] ?? letters[0];
    return set[randomInt(set.length)];
  }).join("");
}
