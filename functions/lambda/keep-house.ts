/** Called once a day: gives back what nobody needs, tells what it costs to keep the rest. */
import { keepHouse } from "../housekeeping.ts";
import { lambdaDeps } from "./host.ts";

export async function handler(): Promise<void> {
  await keepHouse(await lambdaDeps());
}
