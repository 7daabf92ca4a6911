import { expect, test } from "vitest";
import { isOneOf, type Os, shownOs, windowsName } from "./operating-system.ts";

const linux = (distribution?: string, version?: string): Os => ({
  family: "linux",
  ...(distribution === undefined ? {} : { distribution }),
  ...(version === undefined ? {} : { version }),
});
const windows = (version?: string): Os => ({
  family: "windows",
  ...(version === undefined ? {} : { version }),
});

test.each([
  ["5.2.3790", "2003", "Windows 2003"],
  ["6.0.6001", "2008", "Windows 2008"],
  ["6.0.6002", "2008sp2", "Windows 2008 SP2"],
  ["6.0.6003", "2008sp2", "Windows 2008 SP2"],
  ["6.1.7601", "2008r2", "Windows 2008 R2"],
  ["6.2.9200", "2012", "Windows 2012"],
  ["6.3.9600", "2012r2", "Windows 2012 R2"],
  ["10.0.14393", "2016", "Windows 2016"],
  ["10.0.17763", "2019", "Windows 2019"],
  ["10.0.20348", "2022", "Windows 2022"],
  ["10.0.26100", "2025", "Windows 2025"],
  ["Windows Server 2012 R2 Standard", "2012r2", "Windows 2012 R2"],
  ["2008 SP2", "2008sp2", "Windows 2008 SP2"],
  ["2008 Service Pack 2", "2008sp2", "Windows 2008 SP2"],
  ["2016 Datacenter", "2016", "Windows 2016"],
  ["4.0.1381", undefined, "Windows 4.0.1381"],
  ["eleven", undefined, "Windows eleven"],
])("Windows %s is %s", (version, name, shown) => {
  expect(windowsName(windows(version))).toBe(name);
  expect(shownOs(windows(version))).toBe(shown);
});

test.each([
  [linux("centos", "7.9.2009"), ["centos7"], true],
  [linux("centos", "7"), ["centos7"], true],
  [linux("centos", "77"), ["centos7"], false],
  [linux("centos", "6.10"), ["rhel6", "centos6"], true],
  [linux("centos"), ["centos7"], undefined],
  [linux("debian"), ["centos7"], false],
  [linux("debian", "12"), ["debian"], true],
  [linux(), ["centos7"], undefined],
  [linux(), ["linux"], true],
  [linux("debian", "12"), ["any"], true],
  [linux("debian", "12"), [], false],
  [linux("centos", "7.1.1503"), ["centos7.1"], true],
  [linux("centos", "7.10"), ["centos7.1"], false],
  [windows("6.1.7601"), ["windows>=2008r2"], true],
  [windows("6.0.6002"), ["windows>=2008r2"], false],
  [windows(), ["windows>=2008r2"], undefined],
  [windows(), ["windows"], true],
  [windows("6.1"), ["centos7"], false],
  [linux("rhel", "7.9"), ["windows"], false],
  [{ family: "unknown" } as const, ["centos7"], undefined],
  [{ family: "unknown" } as const, ["any"], true],
])("whether %j is one of %j is %s", (os, list, expected) => {
  expect(isOneOf(os, list)).toBe(expected);
});
