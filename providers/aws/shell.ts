/**
 * A shell is an instance that is launched only to have its root replaced by a repaired disk. It boots
 * its own system first, on the same serial line, so what it says must not be taken for the guest's word:
 * it gets no login prompt, and writes a line behind which the guest's own output begins.
 *
 * The guest keeps the shell's user data. Where cloud-init finds traces of an earlier life, as on every
 * migrated server that has it, the order does nothing; on one whose traces were wiped, the serial
 * login is missing until its next restart.
 */
const mark = "@@ HyperMotion: the shell was here @@";

/** For cloud-init, which runs `bootcmd` before logins are offered. Source: cloud-init docs, "Boot stages". */
export const shellUserData = `#cloud-config
bootcmd:
  - |
    [ "$(ls /var/lib/cloud/instances | wc -l)" = 1 ] || exit 0
    systemctl mask --runtime --now serial-getty@ttyS0.service getty@tty1.service
    echo '${mark}' > /dev/ttyS0
`;

/** What was said after the shell; nothing while only the shell has spoken. */
export function withoutShell(console: string): string {
  const at = console.lastIndexOf(mark);
  return at === -1 ? console : console.slice(at + mark.length);
}
