/** What an operator sets of HyperDoor, alike on all platforms: a part of a platform's own settings. */
import { z } from "zod";

export const hyperDoorSettings = z.strictObject({
  /** HyperDoor's image, as the platform names it (docs/hyperdoor.md tells how to bring it there). */
  image: z.string().min(1),
  /** A line of `authorized_keys`: who may log in to a HyperDoor that does not get on, beside the run's own key. */
  sshKey: z
    .string()
    .max(1000)
    .regex(/^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+( [^\r\n]*)?$/)
    .optional(),
});
