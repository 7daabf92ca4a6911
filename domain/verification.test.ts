import { expect, test } from "vitest";
import { locate } from "./verification.ts";

const disk = {
  partitions: [
    {
      ...{ number: 2, offsetBytes: 200, sizeBytes: 100, type: "83", bootable: false },
      fileSystem: { type: "ext4", mountPoint: "/" },
    },
    { number: 1, offsetBytes: 100, sizeBytes: 100, type: "82", bootable: false },
  ],
};

test("differences are told by partition and file system, divided where they reach over an edge", () => {
  const extents = [
    { offsetBytes: 90, lengthBytes: 20 },
    { offsetBytes: 150, lengthBytes: 100 },
    { offsetBytes: 290, lengthBytes: 30 },
  ];

  const { places } = locate(disk, { blocks: 3, bytes: 150, extentCount: 3, extents });

  expect(places).toEqual([
    {
      extents: [
        { offsetBytes: 90, lengthBytes: 10 },
        { offsetBytes: 300, lengthBytes: 20 },
      ],
    },
    {
      partition: 1,
      extents: [
        { offsetBytes: 100, lengthBytes: 10 },
        { offsetBytes: 150, lengthBytes: 50 },
      ],
    },
    {
      ...{ partition: 2, fileSystem: "ext4", mountPoint: "/" },
      extents: [
        { offsetBytes: 200, lengthBytes: 50 },
        { offsetBytes: 290, lengthBytes: 10 },
      ],
    },
  ]);
});

test("a file system straight on a disk is named without a partition", () => {
  const whole = { partitions: [], fileSystem: { type: "xfs", mountPoint: "/srv" } };
  const extents = [{ offsetBytes: 5, lengthBytes: 6 }];

  const { places } = locate(whole, { blocks: 1, bytes: 6, extentCount: 1, extents });

  expect(places).toEqual([{ fileSystem: "xfs", mountPoint: "/srv", extents }]);
});
