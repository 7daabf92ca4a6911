import { createRequire } from "node:module";
import { afterEach, expect, test } from "vitest";
import { type FakeAliyun, startFakeAliyun } from "./fake-aliyun.ts";

// Its default export is read one way by Node and another by Vite; required, it is the same everywhere.
const require = createRequire(import.meta.url);
const {
  default: OpenApi,
  Config,
  OpenApiRequest,
  Params,
}: typeof import("@alicloud/openapi-client") = require("@alicloud/openapi-client");

let fake: FakeAliyun;

afterEach(() => fake.close());

/** The vendor's own client, as its product SDKs call it. */
async function call(action: string, query: Record<string, string>, secret?: string) {
  const { accessKeyId, accessKeySecret } = fake.keys;
  const client = new OpenApi(
    new Config({
      accessKeyId,
      accessKeySecret: secret ?? accessKeySecret,
      endpoint: new URL(fake.url).host,
      protocol: "HTTP",
      regionId: fake.account.region,
    }),
  );
  const params = new Params({
    ...{ action, version: "2014-05-26", protocol: "HTTP", method: "POST", pathname: "/" },
    ...{ authType: "AK", style: "RPC", reqBodyType: "json", bodyType: "json" },
  });
  const request = new OpenApiRequest({ query: { RegionId: fake.account.region, ...query } });
  const { body } = await client.callApi(params, request, { autoretry: false } as never);
  return body;
}

test("the vendor's own client is understood, whatever characters a parameter holds", async () => {
  fake = await startFakeAliyun();
  const odd = "a!b'(c)*~ +/=&%中";

  const made = await call("CreateSecurityGroup", {
    VpcId: fake.account.vpcId,
    "Tag.1.Key": "odd",
    "Tag.1.Value": odd,
  });
  const { SecurityGroups } = await call("DescribeSecurityGroups", {
    "Tag.1.Key": "odd",
    "Tag.1.Value": odd,
  });

  expect(SecurityGroups.SecurityGroup).toMatchObject([{ SecurityGroupId: made.SecurityGroupId }]);
});

test("the vendor's own client reads a refusal's code and status", async () => {
  fake = await startFakeAliyun();

  await expect(call("DescribeDisks", {}, "another secret")).rejects.toMatchObject({
    code: "SignatureDoesNotMatch",
    statusCode: 400,
  });
});
