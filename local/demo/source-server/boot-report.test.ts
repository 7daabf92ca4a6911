import { expect, test } from "vitest";
import { findBootReport } from "./boot-report.ts";

const line =
  "BOOTREPORT root=/dev/sda1 kernel=6.1.0-50-amd64 interface=eth0 address=192.168.50.10/24 " +
  "failed=a.service,b.mount marker=fcc861 changes=2/2 checksum=b1b4";

test("the last report of a serial console is found among other lines", () => {
  const report = findBootReport(`[ 1.0] kernel\r\nBOOTREPORT root=/dev/old\r\n${line}\r\nlogin: `);

  expect(report).toEqual({
    root: "/dev/sda1",
    kernel: "6.1.0-50-amd64",
    interface: "eth0",
    address: "192.168.50.10/24",
    failedUnits: ["a.service", "b.mount"],
    marker: "fcc861",
    changes: "2/2",
    checksum: "b1b4",
  });
});

test("a report that is still being written is not one yet", () => {
  expect(findBootReport(line)).toBeUndefined();
});
