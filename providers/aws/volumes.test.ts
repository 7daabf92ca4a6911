import { DescribeVolumesCommand, DetachVolumeCommand, EC2Client } from "@aws-sdk/client-ec2";
import { mockClient } from "aws-sdk-client-mock";
import { afterAll, expect, test } from "vitest";
import { awsConfig } from "./config.ts";
import { openVolumes } from "./volumes.ts";

const ec2 = mockClient(EC2Client);
afterAll(() => ec2.restore());

test("a volume that goes with its instance while it is being detached counts as detached", async () => {
  ec2.on(DescribeVolumesCommand).resolves({
    Volumes: [
      {
        VolumeId: "vol-1",
        State: "in-use",
        Attachments: [{ InstanceId: "i-1", State: "attached" }],
      },
    ],
  });
  const gone = Object.assign(new Error("no such volume"), { name: "InvalidVolume.NotFound" });
  ec2.on(DetachVolumeCommand).rejects(gone);
  const volumes = openVolumes({
    ec2: new EC2Client({ region: "eu-central-1" }),
    config: awsConfig.parse({ region: "eu-central-1", subnetId: "subnet-0123456789abcdef0" }),
    consoleId: "test",
    clock: { now: () => Date.now(), sleep: async () => undefined, random: () => 0 },
    place: async () => ({ vpcId: "vpc-1", zone: "eu-central-1a" }),
  });

  await expect(volumes.detachVolume("vol-1")).resolves.toBeUndefined();

  expect(ec2.commandCalls(DetachVolumeCommand)).toHaveLength(1);
});
