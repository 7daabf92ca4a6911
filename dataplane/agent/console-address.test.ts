import { describe, expect, it } from "vitest";
import { parseConsoleAddress } from "./console-address.ts";

describe("the console's address", () => {
  it.each([
    ["192.0.2.10", "https://192.0.2.10:18766"],
    ["console.example.com:9000", "https://console.example.com:9000"],
    ["http://192.0.2.10:18766", "https://192.0.2.10:18766"],
    ["http://:192.0.2.10:18766", "https://192.0.2.10:18766"],
    ["http://:192.0.2.10", "https://192.0.2.10:18766"],
    ["https://console.example.com:443/", "https://console.example.com:443"],
    ["https://console.example.com/prod/", "https://console.example.com:18766/prod"],
    ["[2001:db8::1]", "https://[2001:db8::1]:18766"],
    ["https://[2001:db8::1]:9000", "https://[2001:db8::1]:9000"],
    ["  192.0.2.10  ", "https://192.0.2.10:18766"],
  ])("%s is read as %s (R-133, X-06, S-21)", (typed, url) => {
    expect(parseConsoleAddress(typed)).toBe(url);
  });

  it.each([
    "",
    "http://",
    "ftp://host",
    "host:port",
    "user@host",
    "host:999999",
    "a b",
    "host:99999",
  ])("%s is refused", (typed) => {
    expect(() => parseConsoleAddress(typed)).toThrow("is not an address such as");
  });
});
