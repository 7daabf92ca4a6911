/**
 * A gateway's start-up configuration as the shell script that cloud-init runs on a bare machine: it
 * fetches the gateway's program, checks its digest, and starts it as a service. Needs systemd, tar and
 * one of curl, wget and python3, which every cloud's Linux images have.
 */
import { MigrationError } from "#domain/errors.ts";
import type { GatewayBootstrap } from "#domain/protocol/gateway.ts";

/** In the script, the configuration stands between two lines of this, the first one quoted. */
const fence = "HYPERMOTION_BOOTSTRAP";

/**
 * At most about 2 KiB. Run again, it does what is left to do.
 * @throws `internal.unexpected` when the configuration does not say where the program is
 */
export function gatewayScript(bootstrap: GatewayBootstrap): string {
  const { software, ...config } = bootstrap;
  if (software === undefined) {
    throw new MigrationError("internal.unexpected", {
      problem: "nobody said where the gateway is",
    });
  }
  // JSON without spaces holds no line of its own, so none can end the here-document early.
  return `#!/bin/sh
# Written by HyperMotion: installs its gateway. The way the program comes is not trusted, its digest is.
set -eu
url='${shellQuoted(software.url)}'
sha256=${software.sha256}
mkdir -p -m 755 /opt/hypermotion
mkdir -p -m 700 /etc/hypermotion /var/lib/hypermotion
umask 077
cat > /etc/hypermotion/gateway.json <<'${fence}'
${JSON.stringify(config)}
${fence}
fetch() {
  if command -v curl >/dev/null; then curl -fsSk --connect-timeout 20 -o "$2" "$1"
  elif command -v wget >/dev/null; then wget -q --no-check-certificate -O "$2" "$1"
  else python3 -c 'import ssl, sys, urllib.request as u
open(sys.argv[2], "wb").write(u.urlopen(sys.argv[1], context=ssl._create_unverified_context()).read())' "$1" "$2"
  fi
}
cd /opt/hypermotion
until [ -d program ]; do
  echo "hypermotion: fetching $url"
  if fetch "$url" gateway.tar.gz && echo "$sha256  gateway.tar.gz" | sha256sum -c - >/dev/null; then
    rm -rf new && mkdir new
    tar -xzf gateway.tar.gz -C new
    mv new program
  else
    echo "hypermotion: that was not the gateway's program; again in 10 s"
    sleep 10
  fi
done
cat > /etc/systemd/system/hypermotion-gateway.service <<'UNIT'
[Unit]
Description=HyperMotion gateway
Wants=network-online.target
After=network-online.target
[Service]
ExecStart=/opt/hypermotion/program/bin/node /opt/hypermotion/program/dataplane/gateway/hypermotion-gateway.mjs --config /etc/hypermotion/gateway.json --state /var/lib/hypermotion
Restart=always
RestartSec=2
[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --now hypermotion-gateway.service
`;
}

function shellQuoted(text: string): string {
  return text.replaceAll("'", `'\\''`);
}
