/** Carries one connection of a guest's to the console; QEMU starts it for each (`guestfwd`). */
import { connect } from "node:net";

const [host = "", port = ""] = process.argv.slice(2);
const socket = connect({ host, port: Number(port) });
socket.on("error", () => process.exit(1));
process.stdin.on("error", () => socket.destroy());
process.stdout.on("error", () => socket.destroy());
process.stdin.pipe(socket).pipe(process.stdout);
