/** SSH into HyperDoor, with one key and no password: for who looks why a launch does not get on. */
import { mkdir, writeFile } from "node:fs/promises";
import { runTool } from "../run-tool.ts";

/** The name in its banner keeps anyone from taking it for the copied system's. */
const options = ["VersionAddendum=HyperDoor", "PasswordAuthentication=no", "StrictModes=no"];

/** Without it all goes on. */
export async function openRescue(sshKey: string, say: (words: string) => void): Promise<void> {
  await mkdir("/root/.ssh", { recursive: true, mode: 0o700 });
  await writeFile("/root/.ssh/authorized_keys", `${sshKey}\n`, { mode: 0o600 });
  const keys = await runTool("ssh-keygen", ["-A"]);
  const server = await runTool("/usr/sbin/sshd", [
    "-f",
    "/dev/null",
    ...options.flatMap((option) => ["-o", option]),
  ]);
  const problem = keys.problem || server.problem;
  say(problem === "" ? "lets its key in by SSH" : `has no SSH: ${problem}`);
}
