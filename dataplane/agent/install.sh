#!/bin/sh
# Installs HyperMotion's agent as a service of this server, from the file that the console packs. Run again, with the
# same file or a newer one, it does what is left to do; copies that were under way go on where they were.
#
#   sh install.sh <file.tar.gz> --console <address> --code <code> [--name <name>]
#   sh install.sh <file.tar.gz>      another version, of an agent that is registered
#   sh install.sh --remove           service, program, registration and state go; disks were never written
set -eu

home=/opt/hypermotion-agent
state=/var/lib/hypermotion-agent
cache=/var/cache/hypermotion-agent
settings=/etc/default/hypermotion-agent
unit=/etc/systemd/system/hypermotion-agent.service
command=/usr/local/bin/hypermotion-agent
service=hypermotion-agent.service

say() { echo "hypermotion: $1" >&2; }
fail() {
  say "$1"
  echo "  $2" >&2
  exit "${3:-1}"
}

[ "$(id -u)" = 0 ] || fail "only root can install the agent" "Become root (sudo -i) and run the same command again."
[ -d /run/systemd/system ] || fail "systemd does not run this server" \
  "Unpack the file anywhere, and let whatever starts your services run: bin/node dataplane/agent/hypermotion-agent.mjs"

if [ "${1:-}" = --remove ]; then
  systemctl disable --now $service 2>/dev/null || true
  rm -rf $home $state $cache $settings $unit $command
  systemctl daemon-reload
  say "the agent is gone from this server; the console still lists it: hypermotion server remove <server>"
  exit 0
fi

file=${1:-}
[ -f "$file" ] || fail "there is no file '$file'" "Take the command from: hypermotion server code" 2
shift

# What is there and works is not touched before the new one has shown that it starts here.
refuse() {
  rm -rf $home/new
  [ -d $home/program ] || rm -rf $home
  fail "$@"
}
rm -rf $home/new
mkdir -p -m 755 $home/new
free=$(df -Ph $home | awk 'NR==2 {print $4}')
tar -xzf "$file" -C $home/new --no-same-owner || refuse "the program could not be unpacked" \
  "It needs 400 MB in $home, where $free are free; else take the command from: hypermotion server code"
# Elsewhere unpacked files may carry a label under which no service may run them.
if command -v restorecon >/dev/null; then restorecon -R $home/new; fi
problem=$($home/new/bin/node --version 2>&1) || refuse "Node does not start on this server: $problem" \
  "It needs the console's kind of processor and glibc 2.28 or later (RHEL 8, Debian 10, Ubuntu 20.04, SLES 15 SP3)."

# From here on, whatever ends this early brings back the version before, where there was one; else nothing is left.
go_back() {
  status=$?
  trap - EXIT
  rm -rf $home/new
  if [ -d $home/old ]; then
    rm -rf $home/program
    mv $home/old $home/program
  elif [ $had_program = no ]; then
    rm -rf $home $cache $command
    [ -e $state/registration.json ] || rm -rf $state
  fi
  if [ -d $home/program ]; then
    systemctl start $service && say "the agent of before runs again"
  fi
  exit $status
}
# An old one beside none is what an installer left that was killed.
[ -d $home/program ] || [ ! -d $home/old ] || mv $home/old $home/program
had_program=no
[ ! -d $home/program ] || had_program=yes
rm -rf $home/old
trap go_back EXIT
trap 'exit 130' INT TERM HUP

systemctl stop $service 2>/dev/null || true
[ $had_program = no ] || mv $home/program $home/old
mv $home/new $home/program

cat > $command <<COMMAND
#!/bin/sh
export XDG_CACHE_HOME=$cache
exec $home/program/bin/node $home/program/dataplane/agent/hypermotion-agent.mjs "\$@"
COMMAND
chmod 755 $command

# Says what it waits for, and by its status what no waiting heals. With the options of an agent that was here before.
# This script may come from standard input, which is nothing for the agent.
options=
[ ! -r $settings ] || options=$(sed -n 's/^OPTIONS="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' $settings | tail -n 1)
# shellcheck disable=SC2086
$command --register --state $state $options "$@" </dev/null
trap - EXIT INT TERM HUP
rm -rf $home/old

[ -e $settings ] || cat > $settings <<'SETTINGS'
# Options of the agent, read when it starts; see hypermotion-agent --help. An example:
#OPTIONS=--freeze-limit 60 --pre-hook /etc/hypermotion/flush-database
OPTIONS=
SETTINGS

cat > $unit <<UNIT
[Unit]
Description=HyperMotion agent
Wants=network-online.target
After=network-online.target
[Service]
EnvironmentFile=-$settings
ExecStart=$command --state $state \$OPTIONS
Restart=always
RestartSec=10
# File systems that are frozen are thawed first.
TimeoutStopSec=120
[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable $service 2>/dev/null
systemctl restart $service

tries=0
until $command --status --state $state >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -le 30 ] || break
  sleep 1
done
$command --status --state $state
say "installed; what it does: journalctl -fu $service; to be rid of it: sh $home/program/dataplane/agent/install.sh --remove"
