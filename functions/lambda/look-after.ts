/** Called every few minutes: brings together what a crash has left apart, and lets go what is over. */
import { lookAfter } from "../look-after.ts";
import { lambdaDeps } from "./host.ts";

export async function handler(): Promise<void> {
  await lookAfter(await lambdaDeps());
}
