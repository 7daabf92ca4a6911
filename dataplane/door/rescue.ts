/** SSH into HyperDoor, by key and without a password: for who looks why a launch does not get on. */
import { mkdir, writeFile } from "node:fs/promises";
import { runTool } from "../run-tool.ts";

/** The name in its banner keeps anyone from taking it for the copied system's. */
const options = ["VersionAddendum=HyperDoor", "PasswordAuthentication=no", "StrictModes=no"];
const hostKey = "/etc/ssh/ssh_host_ed25519_key";

/** Without it all goes on. */
export async function openRescue(
  sshKeys: readonly string[],
  say: (words: string) => void,
): Promise<void> {
  await mkdir("/root/.ssh", { recursive: true, mode: 0o700 });
  await writeFile("/root/.ssh/authorized_keys", `${sshKeys.join("\n")}\n`, { mode: 0o600 });
  // The one kind that takes no time to make: the copy waits for it.
  const keys = await runTool("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", hostKey]);
  const server = await runTool("/usr/sbin/sshd", [
    "-f",
    "/dev/null",
    ...options.flatMap((option) => ["-o", option]),
  ]);
  const problem = keys.problem || server.problem;
  say(problem === "" ? "lets its keys in by SSH" : `has no SSH: ${problem}`);
}
