/** The options of `bytefuse eval`: their names, ranges and help, and the request that they come to. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { AppError } from '../../models/core/app-error.ts';
import type { EvalTask } from '../eval/results.ts';
import { type AblationSetting, DEFAULT_ABLATION, parseAblation } from '../eval/run/ablation.ts';
import type { EvalRequest } from '../eval/run/eval-request.ts';
import { HYPOTHESIS_FORMS, parseHypothesisSpec } from '../eval/run/hypothesis-form.ts';
import { DRAWS_MAX } from '../eval/run/limits.ts';
import { DEFAULT_PAGE_ABLATION, type PageSetting, parsePageAblation } from '../eval/run/page-ablation.ts';
import { rateName } from '../eval/score.ts';
import { oneOf, wholeNumber } from './option-values.ts';
import {
  addDecodingFlags,
  DECODING_NAMES,
  type DecodingFlags,
  decodingOf,
  recognizerOptionsOf,
} from './transcribe-flags.ts';

/** What commander collects. Decoding options are there for the tasks that decode. */
export interface EvalFlags extends Partial<DecodingFlags> {
  readonly data: string;
  readonly form?: string;
  readonly language?: string;
  readonly target?: string[];
  /** Of ocr the settings of pages. */
  readonly ablate?: AblationSetting[] | PageSetting[];
  readonly hyp?: string[];
  readonly limit?: number;
  readonly set?: string[];
  readonly lang?: string[];
  readonly report?: string;
  readonly seed: number;
  readonly draws: number;
  readonly script?: 'hans' | 'hant' | 'keep';
  readonly numerals?: 'arabic' | 'keep';
  readonly unit?: 'word' | 'char' | 'mixed';
  readonly restart?: boolean;
  readonly json?: boolean;
}

/** What a task's engine takes of the options of `transcribe`; the others say only how much is printed. */
const ENGINE_FLAGS: Readonly<Record<EvalTask, ReadonlySet<keyof DecodingFlags>>> = {
  asr: DECODING_NAMES,
  ner: DECODING_NAMES,
  darag: new Set(['llm', 'device', 'threads', 'preset', 'hotwords', 'llmPrompt', 'quiet', 'verbose']),
  gec: new Set(['quiet', 'verbose']),
  ocr: new Set(['llm', 'device', 'threads', 'llmPrompt', 'deadline', 'quiet', 'verbose']),
};

/** The tasks whose engine has settings to be compared. */
const ABLATED: ReadonlySet<EvalTask> = new Set(['asr', 'ner', 'darag', 'ocr']);

/** Largest limit: above every data set that fits a disk. */
const LIMIT_MAX = 2 ** 31;

export function addEvalFlags(command: Command, task: EvalTask): Command {
  const options = [
    option('--data <path>', 'folder or manifest to be judged on').makeOptionMandatory(),
    option('--form <form>', 'form of the data, where it cannot be seen from the files'),
    option('-l, --language <code>', 'language of the items, where the data does not say it'),
    ...(task === 'gec' ? [option('--target <file...>', 'corrected lines, where --data holds the sources alone')] : []),
    ...(ABLATED.has(task) ? [ablateOption(task)] : []),
    option('--hyp <file...>', `hypotheses of other systems; FORM:FILE for one of ${HYPOTHESIS_FORMS.join(', ')}`),
    option('--limit <n>', 'items per language, spread over the data').argParser(wholeNumber('--limit', 1, LIMIT_MAX)),
    option('--set <list>', 'only these collections').argParser(names),
    option('--lang <list>', 'only these languages').argParser(names),
    option('--report <folder>', 'where the results go, and where an interrupted run goes on'),
    option('--restart', 'begin anew in that folder'),
    option('--seed <n>', 'seed of the bootstrap')
      .argParser(wholeNumber('--seed', 0, 2 ** 32 - 1))
      .default(1),
    option('--draws <n>', 'bootstrap draws')
      .argParser(wholeNumber('--draws', 1, DRAWS_MAX))
      .default(2000),
    option(
      '--script <script>',
      'Chinese is judged in: hans (default but for pages), hant, or as written (keep)',
    ).argParser(oneOf('--script', ['hans', 'hant', 'keep'])),
    option('--numerals <style>', 'numerals are judged as: arabic (default), or as they are written (keep)').argParser(
      oneOf('--numerals', ['arabic', 'keep']),
    ),
    option('--unit <unit>', 'what the main error rate counts: word, char, mixed; by default by language').argParser(
      oneOf('--unit', ['word', 'char', 'mixed']),
    ),
    option('--json', 'print results.json instead of tables'),
  ];
  for (const one of options) command.addOption(one);
  return addDecodingFlags(command, ENGINE_FLAGS[task]);
}

const ABLATION_HELP: Readonly<Partial<Record<EvalTask, readonly [example: string, standard: string]>>> = {
  darag: ['r=0.1, preset=NAME', 'default'],
  ocr: ['mode=greedy, lambda=0.5', DEFAULT_PAGE_ABLATION],
};

function ablateOption(task: EvalTask): Option {
  const [example, standard] = ABLATION_HELP[task] ?? ['r=0.1, preset=NAME', DEFAULT_ABLATION];
  const text = `settings to compare, with commas: default, ${example}, ... joined by + (${standard})`;
  const parse: (value: string) => unknown = task === 'ocr' ? parsePageAblation : parseAblation;
  return option('--ablate <list>', text).argParser(parse);
}

const option = (flags: string, description: string) => new Option(flags, description);

function names(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes('')) throw new AppError('invalid_option', `"${text}" must be names with commas between them.`);
  return parts;
}

/** `folder`: the report folder; `args`: the command line, for results.json. */
export function evalRequestOf(
  task: EvalTask,
  flags: EvalFlags,
  { folder, args }: { readonly folder: string; readonly args: readonly string[] },
): EvalRequest {
  const { form, language, limit, set, lang, script, numerals, unit, llm, deadline } = flags;
  return {
    task,
    location: flags.data,
    filters: {
      ...(form === undefined ? {} : { form }),
      ...(language === undefined ? {} : { language }),
      ...(flags.target === undefined ? {} : { targets: flags.target }),
      ...(limit === undefined ? {} : { limit }),
      ...(set === undefined ? {} : { sets: set }),
      ...(lang === undefined ? {} : { languages: lang }),
    },
    hypotheses: (flags.hyp ?? []).map(parseHypothesisSpec),
    ablation: task === 'ocr' ? null : ((flags.ablate as AblationSetting[] | undefined) ?? null),
    ...(task === 'ocr' ? { pageAblation: (flags.ablate as PageSetting[] | undefined) ?? null } : {}),
    folder,
    restart: flags.restart ?? false,
    normalizer: { ...(script === undefined ? {} : { script }), ...(numerals === undefined ? {} : { numerals }) },
    mainRate: unit === undefined ? undefined : rateName(unit),
    seed: flags.seed,
    draws: flags.draws,
    command: ['bytefuse', ...args],
    engine: {
      open: {
        ...recognizerOptionsOf(flags),
        ...(llm === undefined ? {} : { llm: llm === 'none' ? null : llm }),
      },
      decoding: decodes(flags)
        ? decodingOf(flags)
        : { ...given('preset', flags), ...given('hotwords', flags), ...given('llmPrompt', flags) },
      ...(task === 'ocr' ? { reading: given('llmPrompt', flags) } : {}),
      deadlineS: deadline,
    },
  };
}

/** Tasks that decode have all of its options, with their defaults. */
function decodes(flags: EvalFlags): flags is EvalFlags & DecodingFlags {
  return flags.beams !== undefined;
}

function given<K extends keyof EvalFlags>(name: K, flags: EvalFlags): Partial<Record<K, EvalFlags[K]>> {
  return flags[name] === undefined ? {} : ({ [name]: flags[name] } as Partial<Record<K, EvalFlags[K]>>);
}

/** `reports/eval-asr-2026-11-25-191000` in the folder that the user is in, by local time. */
export function defaultReportFolder(task: EvalTask, now: Date, cwd = process.cwd()): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const time = two(now.getHours()) + two(now.getMinutes()) + two(now.getSeconds());
  return resolve(cwd, 'reports', `eval-${task}-${day}-${time}`);
}
