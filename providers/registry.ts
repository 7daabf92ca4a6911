/**
 * The one list of clouds. A cloud's schemas are read at once, so that a target can be checked when it
 * is registered; its client and SDK are loaded when it is first used.
 */
import type { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { problemsOf } from "#domain/zod-problems.ts";
import { aliyunConfig, aliyunSecrets } from "./aliyun/config.ts";
import { aliyunPolicy } from "./aliyun/policy.ts";
import { aliyunWords } from "./aliyun/words.ts";
import { awsConfig, awsSecrets } from "./aws/config.ts";
import { awsPolicy } from "./aws/policy.ts";
import { awsWords } from "./aws/words.ts";
import { azureConfig, azureSecrets } from "./azure/config.ts";
import { azurePolicy } from "./azure/policy.ts";
import { azureWords } from "./azure/words.ts";
import { type Asking, type Choice, type Choices, settingsSoFar } from "./choices.ts";
import { ctyunConfig, ctyunSecrets } from "./ctyun/config.ts";
import { ctyunPolicy } from "./ctyun/policy.ts";
import { ctyunWords } from "./ctyun/words.ts";
import type { WordsOfFields } from "./field-words.ts";
import { gatewayTypePath, listGatewayTypes } from "./gateway-types.ts";
import { huaweiConfig, huaweiSecrets } from "./huawei/config.ts";
import { huaweiPolicy } from "./huawei/policy.ts";
import { huaweiWords } from "./huawei/words.ts";
import { kingsoftConfig, kingsoftSecrets } from "./kingsoft/config.ts";
import { kingsoftPolicy } from "./kingsoft/policy.ts";
import { kingsoftWords } from "./kingsoft/words.ts";
import { localConfig, localSecrets } from "./local/config.ts";
import { localWords } from "./local/words.ts";
import { openstackConfig, openstackSecrets } from "./openstack/config.ts";
import { openstackPolicy } from "./openstack/policy.ts";
import { openstackWords } from "./openstack/words.ts";
import type { Provider, ProviderOptions } from "./provider.ts";
import { qingcloudConfig, qingcloudSecrets } from "./qingcloud/config.ts";
import { qingcloudWords } from "./qingcloud/words.ts";
import { tencentConfig, tencentSecrets } from "./tencent/config.ts";
import { tencentPolicy } from "./tencent/policy.ts";
import { tencentWords } from "./tencent/words.ts";
import { ucloudConfig, ucloudSecrets } from "./ucloud/config.ts";
import { ucloudPolicy } from "./ucloud/policy.ts";
import { ucloudWords } from "./ucloud/words.ts";
import { zstackConfig, zstackSecrets } from "./zstack/config.ts";
import { zstackWords } from "./zstack/words.ts";

interface Entry {
  readonly configSchema: z.ZodType;
  readonly secretsSchema: z.ZodType;
  /** The least the credentials must be allowed, as the platform writes it; none where it needs none. */
  readonly policy?: object;
  /** What its fields are, by their paths (`field-words.ts`). */
  readonly words?: WordsOfFields;
  /** Paths of settings whose choices can be listed. */
  readonly chosen: readonly string[];
  /** @throws as `ListChoices` */
  choicesOf(path: string, asking: Asking<unknown>): Promise<readonly Choice[]>;
  open(options: ProviderOptions<unknown, unknown>): Promise<Provider>;
}

type Factory<Config, Secrets> = (
  options: ProviderOptions<Config, Secrets>,
) => Provider | Promise<Provider>;

/** What of a platform's settings can be chosen, and who knows the choices: loaded when they are asked for. */
interface Choosing<Secrets> {
  readonly of: readonly string[];
  readonly load: () => Promise<Choices<Secrets>>;
}

const choosing = <Secrets, const Path extends string>(
  of: readonly Path[],
  load: () => Promise<Choices<Secrets, Path>>,
): Choosing<Secrets> => ({ of, load });

function parsed<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new MigrationError("input.invalid", { where, problem: problemsOf(result.error) });
}

function cloud<Config, Secrets>(
  configSchema: z.ZodType<Config>,
  secretsSchema: z.ZodType<Secrets>,
  load: () => Promise<Factory<Config, Secrets>>,
  policy?: object,
  words?: Entry["words"],
  choices?: Choosing<Secrets>,
): Entry {
  // Each cloud that lists anything lists its instance types.
  const chosen = choices === undefined ? [] : [...choices.of, gatewayTypePath];
  return {
    configSchema,
    secretsSchema,
    chosen,
    async choicesOf(path, { config, secrets: given }) {
      if (choices !== undefined && chosen.includes(path)) {
        const secrets = parsed(secretsSchema, given, "credentials");
        const list = (await choices.load())[path];
        if (list !== undefined) return list({ config, secrets });
        const open = await load();
        const settings = { config: settingsSoFar(configSchema, config), secrets };
        return listGatewayTypes(await open({ ...settings, consoleId: "choices" }));
      }
      const listed = chosen.length === 0 ? "" : `; there are choices of ${chosen.join(", ")}`;
      const problem = `nothing lists what it can be${listed}`;
      throw new MigrationError("input.invalid", { where: path, problem });
    },
    ...(policy === undefined ? {} : { policy }),
    ...(words === undefined ? {} : { words }),
    async open({ config, secrets, ...rest }) {
      const options = {
        config: parsed(configSchema, config, "config"),
        // The problem names the field, never its value: zod's messages do not repeat what they were given.
        secrets: parsed(secretsSchema, secrets, "credentials"),
        ...rest,
      };
      const open = await load();
      return open(options);
    },
  };
}

const clouds = {
  aliyun: cloud(
    aliyunConfig,
    aliyunSecrets,
    async () => (await import("./aliyun/index.ts")).openAliyun,
    aliyunPolicy,
    aliyunWords,
    choosing(
      ["region", "vSwitchId", "zone", "hyperDoor.image"],
      async () => (await import("./aliyun/choices.ts")).aliyunChoices,
    ),
  ),
  aws: cloud(
    awsConfig,
    awsSecrets,
    async () => (await import("./aws/index.ts")).openAws,
    awsPolicy,
    awsWords,
    choosing(["region", "subnetId"], async () => (await import("./aws/choices.ts")).awsChoices),
  ),
  azure: cloud(
    azureConfig,
    azureSecrets,
    async () => (await import("./azure/index.ts")).openAzure,
    azurePolicy,
    azureWords,
    choosing(
      ["subscriptionId", "resourceGroup", "location", "subnetId", "zone"],
      async () => (await import("./azure/choices.ts")).azureChoices,
    ),
  ),
  ctyun: cloud(
    ctyunConfig,
    ctyunSecrets,
    async () => (await import("./ctyun/index.ts")).openCtyun,
    ctyunPolicy,
    ctyunWords,
    choosing(
      ["region", "zone", "subnetId", "hyperDoor.image"],
      async () => (await import("./ctyun/choices.ts")).ctyunChoices,
    ),
  ),
  huawei: cloud(
    huaweiConfig,
    huaweiSecrets,
    async () => (await import("./huawei/index.ts")).openHuawei,
    huaweiPolicy,
    huaweiWords,
    choosing(
      ["region", "zone", "subnetId", "hyperDoor.image"],
      async () => (await import("./huawei/choices.ts")).huaweiChoices,
    ),
  ),
  openstack: cloud(
    openstackConfig,
    openstackSecrets,
    async () => (await import("./openstack/index.ts")).openOpenstack,
    openstackPolicy,
    openstackWords,
    choosing(
      [
        "region",
        "zone",
        "volumeZone",
        "networkId",
        "subnetId",
        "volume.type",
        "gateway.externalNetworkId",
        "hyperDoor.image",
      ],
      async () => (await import("./openstack/choices.ts")).openstackChoices,
    ),
  ),
  qingcloud: cloud(
    qingcloudConfig,
    qingcloudSecrets,
    async () => (await import("./qingcloud/index.ts")).openQingcloud,
    undefined,
    qingcloudWords,
    choosing(
      ["zone", "vxnetId", "hyperDoor.image"],
      async () => (await import("./qingcloud/choices.ts")).qingcloudChoices,
    ),
  ),
  kingsoft: cloud(
    kingsoftConfig,
    kingsoftSecrets,
    async () => (await import("./kingsoft/index.ts")).openKingsoft,
    kingsoftPolicy,
    kingsoftWords,
    choosing(
      ["region", "subnetId", "zone", "hyperDoor.image"],
      async () => (await import("./kingsoft/choices.ts")).kingsoftChoices,
    ),
  ),
  tencent: cloud(
    tencentConfig,
    tencentSecrets,
    async () => (await import("./tencent/index.ts")).openTencent,
    tencentPolicy,
    tencentWords,
    choosing(
      ["region", "subnetId", "hyperDoor.image"],
      async () => (await import("./tencent/choices.ts")).tencentChoices,
    ),
  ),
  local: cloud(
    localConfig,
    localSecrets,
    async () => (await import("./local/index.ts")).openLocal,
    undefined,
    localWords,
  ),
  zstack: cloud(
    zstackConfig,
    zstackSecrets,
    async () => (await import("./zstack/index.ts")).openZstack,
    undefined,
    zstackWords,
    choosing(
      [
        "zoneId",
        "clusterId",
        "networkId",
        "imageServerId",
        "hostId",
        "gateway.publicNetworkId",
        "hyperDoor.image",
      ],
      async () => (await import("./zstack/choices.ts")).zstackChoices,
    ),
  ),
  ucloud: cloud(
    ucloudConfig,
    ucloudSecrets,
    async () => (await import("./ucloud/index.ts")).openUCloud,
    ucloudPolicy,
    ucloudWords,
    choosing(
      ["region", "zone", "projectId", "subnetId", "hyperDoor.image"],
      async () => (await import("./ucloud/choices.ts")).ucloudChoices,
    ),
  ),
} as const satisfies Record<string, Entry>;

/** The platforms a target can be made for, in this version. */
export type TargetPlatform = keyof typeof clouds;

export const targetPlatforms = Object.keys(clouds) as readonly TargetPlatform[];

function getCloud(platform: string): Entry {
  const entry = Object.entries(clouds).find(([name]) => name === platform)?.[1];
  if (entry === undefined) {
    const known = targetPlatforms.join(", ");
    throw new MigrationError("target.unknown-platform", { platform, known });
  }
  return entry;
}

/**
 * What an operator has to give for a target of this platform.
 * @throws `target.unknown-platform`
 */
export function targetSchemas(platform: string): {
  readonly config: z.ZodType;
  readonly secrets: z.ZodType;
  readonly policy?: object;
  readonly words?: WordsOfFields;
  /** Paths of settings that `listChoices` knows. */
  readonly chosen: readonly string[];
} {
  const { configSchema, secretsSchema, policy, words, chosen } = getCloud(platform);
  return {
    chosen,
    config: configSchema,
    secrets: secretsSchema,
    ...(policy === undefined ? {} : { policy }),
    ...(words === undefined ? {} : { words }),
  };
}

/**
 * What a setting of a target can be, before there is one.
 * @throws `target.unknown-platform`, `input.invalid`, and as `ListChoices`
 */
export async function listChoices(
  platform: string,
  path: string,
  asking: Asking<unknown>,
): Promise<readonly Choice[]> {
  return getCloud(platform).choicesOf(path, asking);
}

/**
 * The provider of a target. Nothing is asked of the cloud yet; `check()` does that. Callers wrap it
 * (wrap.ts).
 * @throws `target.unknown-platform`, `input.invalid`
 */
export async function openProvider(
  platform: string,
  options: ProviderOptions<unknown, unknown>,
): Promise<Provider> {
  return getCloud(platform).open(options);
}
