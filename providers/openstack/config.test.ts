import { expect, test } from "vitest";
import { openProvider, targetSchemas } from "../registry.ts";
import { openstackConfig, openstackSecrets } from "./config.ts";

const least = {
  identityUrl: "http://192.0.2.10:5000/v3",
  networkId: "net-1",
  subnetId: "subnet-1",
};

test("a target begins with what the document says: a gateway's disk of 100 GB, 20 volumes, Cinder's zone nova (S-01, S-17, R-204)", () => {
  const config = openstackConfig.parse(least);

  expect(config.gateway).toMatchObject({ diskGiB: 100, maxVolumes: 20, spareVolumes: 0 });
  expect(config).toMatchObject({ volumeZone: "nova", interface: "public", insecure: false });
  expect(config.zone).toBeUndefined();
});

test.each([
  ["a gateway's disk under 40 GB (S-01)", { gateway: { diskGiB: 39 } }],
  ["an identity address that is none", { identityUrl: "192.0.2.10:5000" }],
  ["a certificate that is none", { caCertificates: "secret" }],
  ["an interface nobody offers", { interface: "secret" }],
  ["HyperDoor without its image", { launch: { boot: "hyperDoor" } }],
  ["a setting nobody knows", { gateway: { colour: "red" } }],
])("%s is refused", (_what, change) => {
  expect(openstackConfig.safeParse({ ...least, ...change }).success).toBe(false);
});

const user = { userName: "migrator", password: "secret" };

test.each([
  ["a user, password and project (S-17)", { ...user, projectName: "moves" }],
  [
    "domains by id",
    { ...user, projectId: "p", userDomainId: "default", projectDomainId: "default" },
  ],
  ["an application credential by id", credential({ applicationCredentialId: "a" })],
  [
    "an application credential by name and user",
    credential({ applicationCredentialName: "a", userId: "u" }),
  ],
  ["a token", { token: "t" }],
])("%s is enough to come in with", (_what, secrets) => {
  expect(openstackSecrets.safeParse(secrets).success).toBe(true);
});

test.each([
  ["nothing", {}, /one of password, applicationCredentialSecret and token/],
  ["two ways at once", { ...user, projectName: "p", token: "t" }, /one of password/],
  ["a password without a project", user, /projectName or projectId/],
  ["a password without a user", { password: "x", projectName: "p" }, /userName or userId/],
  [
    "an application credential's name without its user",
    credential({ applicationCredentialName: "a" }),
    /its id, or its name and its user/,
  ],
  [
    "an application credential with a project",
    credential({ applicationCredentialId: "a", projectName: "p" }),
    /names its project itself/,
  ],
])("%s is refused with what is missing (S-17)", (_what, secrets, problem) => {
  const { error } = openstackSecrets.safeParse(secrets);

  expect(error?.issues.map(({ message }) => message).join()).toMatch(problem);
  expect(error?.message).not.toContain("secret");
});

function credential(of: object): object {
  return { ...of, applicationCredentialSecret: "s" };
}

test("the access rules an application credential needs come with the platform, and wrong settings are named (R-004)", async () => {
  const config = { ...least, subnetId: "" };
  const opened = openProvider("openstack", { config, secrets: { token: "t" }, consoleId: "c" });

  await expect(opened).rejects.toMatchObject({ code: "input.invalid" });
  expect(targetSchemas("openstack").policy).toHaveProperty("access_rules");
});
