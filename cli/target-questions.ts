/** Leads a person through what a target on a platform needs, and back to what was wrong. */
import type { Client } from "#api/client.ts";
import {
  type CreateTarget,
  displayName,
  type PlatformView,
  type TargetFieldView,
  type TargetView,
} from "#api/targets.ts";
import { describeError, MigrationError } from "#domain/errors.ts";
import { badInput, type Context } from "./context.ts";
import { harmless } from "./output.ts";
import { type Choice, Left, openPrompts, type Prompts } from "./prompts.ts";
import {
  aboutChoice,
  answersIn,
  asText,
  choicesOf,
  defaultText,
  fieldBlamed,
  firstFields,
  keyOf,
  optionalGroups,
  readAnswer,
  targetOf,
} from "./target-form.ts";

interface Given {
  readonly config: Record<string, unknown>;
  readonly credentials: Record<string, unknown>;
}

/**
 * Asks, checks all of it together, and keeps nothing before that is well.
 * @param given by options and files: not asked again
 * @returns `undefined` where the person left
 */
export async function addByAsking(
  context: Context,
  client: Client,
  platforms: readonly PlatformView[],
  { name, type }: { name: string | undefined; type: string | undefined },
  given: Given,
): Promise<TargetView | undefined> {
  const { say } = context;
  const prompts = openPrompts(context);
  try {
    const platform = await askPlatform(context, prompts, platforms, type);
    const form = new TargetForm(context, client, prompts, platform, given);
    await form.askAll(name);
    while (!(await isGood(context, client, prompts, form, given)));
    const target = { ...given, ...form.target() };
    prompts.tell(say("target good"));
    if (!(await prompts.yes(say("target save", { name: target.name }), true))) return undefined;
    return await client.createTarget(target);
  } catch (error) {
    if (error instanceof Left) return undefined;
    throw error;
  }
}

/** One check of all; what is refused is said and leads back to one field. @throws Left */
async function isGood(
  { say, language }: Context,
  client: Client,
  prompts: Prompts,
  form: TargetForm,
  given: Given,
): Promise<boolean> {
  const target = { ...given, ...form.target() };
  prompts.tell(say("target checking", { platform: target.platform }));
  try {
    await client.checkNewTarget(target);
    return true;
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    const { message, hint } = describeError(error, language);
    prompts.warn(`${message}\n${hint}`);
    await form.mend(error);
    return false;
  }
}

/** @throws Left, `input.invalid` for a platform there is not */
async function askPlatform(
  { say }: Context,
  prompts: Prompts,
  platforms: readonly PlatformView[],
  type: string | undefined,
): Promise<PlatformView> {
  const names = platforms.map(({ platform }): string => platform);
  const options = names.map((value) => ({ value }));
  const asked = type ?? (await prompts.choose(say("target which platform"), options));
  const found = platforms.find(({ platform }) => platform === asked);
  if (found !== undefined) return found;
  throw badInput(`--type ${asked}`, say("must be one of", { allowed: names.join(", ") }));
}

/** Every method throws Left where the person goes. */
class TargetForm {
  private name = "";
  private readonly answers: Map<string, unknown>;
  private readonly context: Context;
  private readonly client: Client;
  private readonly prompts: Prompts;
  private readonly platform: PlatformView;

  constructor(
    context: Context,
    client: Client,
    prompts: Prompts,
    platform: PlatformView,
    given: Given,
  ) {
    this.context = context;
    this.client = client;
    this.prompts = prompts;
    this.platform = platform;
    this.answers = answersIn(platform.fields, given);
  }

  target(): CreateTarget {
    const { platform, fields } = this.platform;
    return targetOf({ name: this.name, platform }, fields, this.answers);
  }

  /** What is needed first, then the groups of what is not, each of which may be skipped. */
  async askAll(name: string | undefined): Promise<void> {
    const { say } = this.context;
    const { fields } = this.platform;
    const isOpen = (field: TargetFieldView) => !this.answers.has(keyOf(field));
    if (name === undefined) await this.askName();
    else this.name = name;
    for (const field of firstFields(fields).filter(isOpen)) await this.askField(field);
    for (const [group, all] of optionalGroups(fields)) {
      const open = all.filter(isOpen);
      if (open.length === 0) continue;
      const named = group === "" ? say("target other settings") : group;
      const question = say("target set group", { group: named, count: open.length });
      if (!(await this.prompts.yes(question, false))) continue;
      for (const field of open) await this.askField(field);
    }
  }

  /** The way back to one field, first of all to the one that the refusal names. */
  async mend(refusal: MigrationError): Promise<void> {
    const { say } = this.context;
    const { fields } = this.platform;
    const asked = await this.prompts.choose(
      say("target mend"),
      [
        ...firstFields(fields).map((field) => this.choice(field)),
        { value: "name", label: say("target which name"), hint: this.name },
        ...optionalGroups(fields).flatMap(([, all]) => all.map((field) => this.choice(field))),
        { value: "again", label: say("target again") },
        { value: "leave", label: say("target leave") },
      ],
      this.blamed(refusal),
    );
    if (asked === "leave") throw new Left();
    if (asked === "name") await this.askName();
    const field = fields.find((candidate) => choiceOf(candidate) === asked);
    if (field !== undefined) await this.askField(field);
  }

  private blamed({ code, params, message }: MigrationError): string | undefined {
    const { fields } = this.platform;
    if (code === "record.exists") return "name";
    const field =
      fieldBlamed(fields, String(params.problem ?? message)) ??
      (code === "cloud.credentials" ? fields.find(({ secret }) => secret) : undefined);
    return field === undefined ? undefined : choiceOf(field);
  }

  /** What the platform says a setting can be; none where it does not: then it is typed. */
  private async choicesAt(field: TargetFieldView): Promise<Choice[]> {
    const { say, language } = this.context;
    const { platform, config, credentials } = this.target();
    this.prompts.tell(say("target choosing", { platform, field: field.path }));
    try {
      const asked = { field: field.path, config, credentials };
      const { items } = await this.client.listChoices(platform, asked);
      if (items.length === 0) this.prompts.tell(say("target no choice", { platform }));
      return items.map((item) => ({
        value: item.value,
        label: harmless(`${item.value}  ${aboutChoice(say, item)}`.trimEnd()),
      }));
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error;
      this.prompts.warn(describeError(error, language).message);
      return [];
    }
  }

  private choice(field: TargetFieldView): Choice {
    const value = this.answers.get(keyOf(field));
    const shown = value === undefined ? (defaultText(field) ?? "-") : asText(value);
    const hint = field.secret && value !== undefined ? "***" : shown;
    return { value: choiceOf(field), label: keyOf(field), hint };
  }

  private async askName(): Promise<void> {
    const { say } = this.context;
    this.name = await this.prompts.text({
      message: say("target which name"),
      before: this.name,
      check(typed) {
        if (typed === "") return say("answer needed");
        return displayName.safeParse(typed).success ? undefined : say("target bad name");
      },
    });
  }

  private async askField(field: TargetFieldView): Promise<void> {
    const { language } = this.context;
    const typed = await this.typed(field);
    const read = readAnswer(field, typed, language);
    // What is the default anyway is left to be it.
    const isUsual = typed.trim() === defaultText(field);
    if ("value" in read) this.answers.set(keyOf(field), isUsual ? undefined : read.value);
  }

  private async typed(field: TargetFieldView): Promise<string> {
    const { say, language } = this.context;
    const usual = defaultText(field);
    const known = this.answers.get(keyOf(field));
    const before = known === undefined || field.secret ? undefined : asText(known);
    const optional = field.required ? "" : ` ${say("answer optional")}`;
    const message = `${field.text} [${keyOf(field)}]${optional}`;
    const check = (text: string) => {
      const read = readAnswer(field, text, language);
      return "problem" in read ? read.problem || say("answer needed") : undefined;
    };
    if (field.secret) return this.prompts.secret({ message, check });
    const choices = choicesOf(field);
    const mayLack = !field.required && usual === undefined;
    const none = mayLack ? [{ value: "", label: say("answer none") }] : [];
    if (choices !== undefined) {
      const options = [...none, ...choices.map((value) => ({ value }))];
      return this.prompts.choose(message, options, before ?? usual);
    }
    const found = field.hasChoices ? await this.choicesAt(field) : [];
    if (found.length > 0) {
      const options = [...none, ...found, { value: isTyped, label: say("answer typed") }];
      const taken = await this.prompts.choose(message, options, before ?? usual);
      if (taken !== isTyped) return taken;
    }
    return this.prompts.text({
      ...{ message, check },
      ...(usual === undefined ? {} : { usual }),
      ...(before === undefined ? {} : { before }),
    });
  }
}

/** No value of a setting. */
const isTyped = "\0typed";

function choiceOf(field: TargetFieldView): string {
  return `field ${keyOf(field)}`;
}
