/**
 * Snapshots of disks. The first of a disk is an order, later ones are jobs (create-ebs-snap, "注意"); both are found
 * by their name, which is the only one of the account and pool.
 */
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState } from "../provider.ts";
import { type Account, notYet, unlessAbsent, untilSeen } from "./account.ts";
import { isNotFound, orderInProgress } from "./errors.ts";
import { isMadeBy, isOwned, nameOf, parseName, stemOf, tokenPart } from "./names.ts";

/** Source: list-ebs-snap. */
interface EbsSnapshot {
  readonly snapshotID: string;
  readonly snapshotName: string;
  readonly snapshotStatus: string;
  readonly diskID: string;
}

/** What is missing can be used: also while it is being cloned. */
const states: Record<string, ResourceState> = {
  creating: "pending",
  pending: "pending",
  deleting: "deleting",
  error: "failed",
  freezing: "failed",
};

async function list(
  { client }: Account,
  query: Readonly<Record<string, string>>,
): Promise<EbsSnapshot[]> {
  const answer = await unlessAbsent(
    client.call<{ snapshotList?: EbsSnapshot[] | null }>("ListEbsSnap", query),
  );
  return answer?.snapshotList ?? [];
}

async function find(account: Account, id: string): Promise<EbsSnapshot | undefined> {
  return (await list(account, { snapshotID: id })).find(({ snapshotID }) => snapshotID === id);
}

export async function listOwnedSnapshots(
  account: Account,
  owner: string | undefined,
): Promise<{ id: string; name: string }[]> {
  const found = await list(account, {});
  return found
    .filter(({ snapshotName, snapshotStatus }) => {
      const ours = isOwned(snapshotName, account.consoleId, owner);
      return ours && snapshotStatus !== "deleting";
    })
    .map(({ snapshotID, snapshotName }) => ({
      id: snapshotID,
      name: parseName(snapshotName)?.name ?? snapshotName,
    }));
}

export function openSnapshots(
  account: Account,
): Pick<Provider["volumes"], "createSnapshot" | "findSnapshot" | "deleteSnapshot"> {
  const { client, consoleId } = account;

  async function findByToken(token: string): Promise<string | undefined> {
    const found = await list(account, { snapshotName: tokenPart(token) });
    const snapshot = found.find(({ snapshotName }) => isMadeBy(snapshotName, consoleId, token));
    if (snapshot?.snapshotStatus !== "deleting") return snapshot?.snapshotID;
    throw notYet(`snapshot ${snapshot.snapshotID} is still being deleted, and its name is taken`);
  }

  return {
    async createSnapshot(options) {
      const { token, volumeId } = options;
      const earlier = await findByToken(token);
      if (earlier !== undefined) return { id: earlier };
      try {
        await client.call("CreateEbsSnap", {
          clientToken: stemOf(options),
          snapshotName: nameOf(options),
          diskID: volumeId,
          // Without a day on which it is deleted, whether we are done with it or not.
          retentionPolicy: "forever",
        });
      } catch (error) {
        // A name that is taken may be taken by this very order, whose answer was lost.
        const taken = isNotFound(error) ? undefined : await findByToken(token);
        if (taken !== undefined) return { id: taken };
        if (orderInProgress(error) === undefined) throw error;
      }
      const id = await untilSeen(account, () => findByToken(token));
      if (id === undefined) throw notYet(`a snapshot of ${volumeId} was ordered`);
      return { id };
    },

    async findSnapshot(id) {
      const found = await find(account, id);
      if (found === undefined) return undefined;
      const state = states[found.snapshotStatus] ?? "ready";
      const facts = { id, volumeId: found.diskID, state };
      return state === "failed" ? { ...facts, problem: found.snapshotStatus } : facts;
    },

    async deleteSnapshot(id) {
      const found = await find(account, id);
      if (found === undefined || found.snapshotStatus === "deleting") return;
      const { notAllowedList } = await client.call<{ notAllowedList?: string[] | null }>(
        "DeleteEbsSnap",
        // Refunding the order would delete all snapshots of the disk.
        { diskID: found.diskID, snapshotIDs: [id], refundOrder: false },
      );
      if (!notAllowedList?.includes(id)) return;
      throw new MigrationError("cloud.wrong-state", {
        ...{ platform: "ctyun", what: "snapshot", id, state: found.snapshotStatus },
      });
    },
  };
}
