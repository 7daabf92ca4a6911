/** How the agent comes onto a source server. */

export interface AgentInstall {
  /** Where the packed program is, and its digest. */
  readonly software: { readonly url: string; readonly sha256: string };
  readonly consoleUrl: string;
  readonly code: string;
}

/**
 * One line for a shell of root's on the source server: fetches the program by curl or wget, checks its digest,
 * and runs the installer that is in it (dataplane/agent/install.sh). The way there is not trusted, so a console's
 * own certificate need not be known there. None of the parts holds a quote or a space.
 */
export function installCommand({ software, consoleUrl, code }: AgentInstall): string {
  const { url, sha256 } = software;
  const steps = [
    "f=$(mktemp)",
    `trap 'rm -f "$f"' 0`,
    `{ curl -fsSko "$f" ${url} || wget -q --no-check-certificate -O "$f" ${url}; }`,
    `echo "${sha256}  $f" | sha256sum -c --quiet`,
    `tar -xzOf "$f" dataplane/agent/install.sh | sh -s -- "$f" --console ${consoleUrl} --code ${code}`,
  ];
  return `(${steps.join(" && ")})`;
}
