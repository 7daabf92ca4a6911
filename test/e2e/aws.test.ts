import { afterEach, expect, test } from "vitest";
import { type AwsSite, inventoryOf, openAwsSite } from "./aws-site.ts";
import { changeDisks, sha256 } from "./site.ts";

let site: AwsSite;

afterEach(() => site.close());

async function expectExactCopies({ operator, serverId, machines, ...site }: AwsSite) {
  const { volumes } = await operator.server(serverId);
  for (const [index, { volumeId = "", diskBytes }] of volumes.entries()) {
    const disk = index === 0 ? site.systemDisk : site.dataDisk;
    expect(await sha256(machines.pathOf(volumeId), diskBytes)).toBe(await sha256(disk));
  }
}

test.each(["task", "swap", "image"] as const)(
  "a server migrates to AWS with every byte, boots there by %s and is cut over, and nothing else is left",
  async (boot) => {
    site = await openAwsSite({ config: { launch: { boot } } });
    const { operator, serverId, targetId, aws } = site;
    const state = async () => (await operator.server(serverId)).state;

    await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
    await expectExactCopies(site);
    await changeDisks(site);
    await operator.succeeded(await operator.start(serverId, "sync"));
    await expectExactCopies(site);
    const rehearsal = await operator.start(serverId, "launch", { kind: "test", repair: false });
    expect((await operator.succeeded(rehearsal)).console).toContain("tiny login:");
    expect(await state()).toBe("testing");
    await operator.succeeded(await operator.start(serverId, "accept"));
    await changeDisks(site);
    await operator.succeeded(
      await operator.start(serverId, "launch", { kind: "cutover", repair: false }),
    );
    await expectExactCopies(site);
    await operator.succeeded(await operator.start(serverId, "clean-up"));

    expect(await state()).toBe("finalized");
    // The launched server with its two volumes, and the group it runs in.
    expect(inventoryOf(aws)).toEqual({
      ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
    });
    const [launched] = [...aws.account.instances.values()].filter(
      (instance) => instance.state === "running",
    );
    for (const volume of aws.account.volumes.values()) {
      expect(volume.attachment).toMatchObject({
        instanceId: launched?.id,
        deleteOnTermination: true,
      });
    }
  },
  300_000,
);
