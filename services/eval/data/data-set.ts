/**
 * Evaluation data in every form that docs/evaluation-data.md names, as one stream of items.
 *
 * A list is read twice. The first pass holds no item: it counts, and finds malformed lines and repeated ids before hours of
 * recognition have been spent. The second gives the items one by one, with references in files read and audio looked for.
 */
import { dirname, resolve } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import type { EvalItem, EvalTask } from '../results.ts';
import { DataRoot } from './data-root.ts';
import { type DataForm, type Detected, detectDataSet, forcedForm } from './detect.ts';
import { checkDraft, type Draft, finishDraft, type ReadContext } from './draft.ts';
import { ITEMS_MAX, LANGUAGES_MAX } from './limits.ts';
import { malformed } from './malformed.ts';
import { readForm } from './reader.ts';

export interface DataSetOptions {
  readonly task: EvalTask;
  /** Undefined: told from the content. */
  readonly form?: DataForm;
  /** ISO 639-1, of items whose list names none; 'und' by default. */
  readonly language?: string;
  /** Items per language, spread evenly over the list, so that a small run still sees every part. */
  readonly limit?: number;
  /** Only items of these collections. */
  readonly sets?: readonly string[];
  /** Only items of these languages. */
  readonly languages?: readonly string[];
  /** Files with the corrected lines, where the list holds the sources alone. */
  readonly targets?: readonly string[];
  /** Folder that audio and images may lie in; by default the folder of the list. Relative names stay relative to the list. */
  readonly root?: string;
}

export interface DataSet {
  readonly form: DataForm;
  /** Absolute path of the list, or of the folder. */
  readonly location: string;
  /** Items that `items()` gives. */
  readonly count: number;
  /** A fresh pass, in the order of the list. Throws AppError: manifest_malformed with file and line, file codes. */
  items(): AsyncIterable<EvalItem>;
}

/** Names that a message lists, so that it stays readable. */
const NAMES_SHOWN = 20;
const UNKNOWN_LANGUAGE = 'und';

/**
 * Opens the data set at `location`, a list or a folder. Throws AppError: file codes, manifest_malformed (`FILE:LINE: what`),
 * invalid_option where the filter leaves nothing.
 */
export async function openDataSet(location: string, options: DataSetOptions): Promise<DataSet> {
  if (options.limit !== undefined && !(Number.isInteger(options.limit) && options.limit > 0)) {
    throw new AppError('invalid_option', `limit ${options.limit} is not a whole number above 0`);
  }
  const path = resolve(location);
  const targets = (options.targets ?? []).map((target) => resolve(target));
  const found = options.form
    ? await forcedForm(options.form, path, options.task, targets)
    : await detectDataSet(path, options.task, targets);
  const isFolder = found.form === 'folder' || found.form === 'kaldi';
  const root = await DataRoot.open(isFolder ? found.file.path : dirname(found.file.path), options.root);
  const drafts = (checkIds: boolean) => chosen(found, { task: options.task, root, checkIds }, options);
  const totals = await countDrafts(drafts(true), options.language ?? UNKNOWN_LANGUAGE);
  const counts = [...totals.byLanguage.values()].map((total) => Math.min(total, options.limit ?? total));
  const count = counts.reduce((sum, one) => sum + one, 0);
  if (count === 0) throw await nothingLeft(found, { task: options.task, root, checkIds: false });
  return {
    form: found.form,
    location: path,
    count,
    items: () => finished(drafts(false), totals.byLanguage, { task: options.task, root, checkIds: false }, options),
  };
}

/** Checked drafts that pass the filter. */
async function* chosen(found: Detected, context: ReadContext, options: DataSetOptions): AsyncGenerator<Draft> {
  const { sets, languages, language = UNKNOWN_LANGUAGE } = options;
  for await (const draft of readForm(found, context)) {
    checkDraft(draft, context.task);
    if (sets && !sets.includes(draft.set ?? '')) continue;
    if (languages && !languages.includes(languageOf(draft, language))) continue;
    yield draft;
  }
}

const languageOf = (draft: Draft, language: string) => (draft.language ?? language).toLowerCase();

async function countDrafts(
  drafts: AsyncIterable<Draft>,
  language: string,
): Promise<{ readonly byLanguage: ReadonlyMap<string, number> }> {
  const byLanguage = new Map<string, number>();
  let count = 0;
  for await (const draft of drafts) {
    if (++count > ITEMS_MAX) throw malformed(draft.where, `more than ${ITEMS_MAX} items`);
    const own = languageOf(draft, language);
    byLanguage.set(own, (byLanguage.get(own) ?? 0) + 1);
    if (byLanguage.size > LANGUAGES_MAX) throw malformed(draft.where, `more than ${LANGUAGES_MAX} languages`);
  }
  return { byLanguage };
}

/** Of the n items of a language, number floor(i n / limit) for each i below the limit. */
async function* finished(
  drafts: AsyncIterable<Draft>,
  totals: ReadonlyMap<string, number>,
  context: ReadContext,
  { limit, language = UNKNOWN_LANGUAGE }: DataSetOptions,
): AsyncGenerator<EvalItem> {
  const seen = new Map<string, { at: number; taken: number }>();
  for await (const draft of drafts) {
    if (limit !== undefined) {
      const own = languageOf(draft, language);
      const total = totals.get(own) ?? 0;
      const state = seen.get(own) ?? { at: 0, taken: 0 };
      seen.set(own, state);
      const take = Math.min(limit, total);
      const isNext = state.taken < take && state.at++ === Math.floor((state.taken * total) / take);
      if (!isNext) continue;
      state.taken++;
    }
    yield await finishDraft(draft, context, language);
  }
}

/** Says what the data does hold. */
async function nothingLeft(found: Detected, context: ReadContext): Promise<AppError> {
  const [sets, languages] = [new Set<string>(), new Set<string>()];
  let count = 0;
  for await (const draft of readForm(found, context)) {
    count++;
    if (sets.size < NAMES_SHOWN && draft.set) sets.add(draft.set);
    if (languages.size < NAMES_SHOWN && draft.language) languages.add(draft.language);
  }
  if (count === 0) return malformed(found.file.name, 'no items');
  const names = `sets: ${[...sets].join(', ') || 'none named'}; languages: ${[...languages].join(', ') || 'none named'}`;
  return new AppError(
    'invalid_option',
    `none of the ${count} items is of these sets and languages; the data has ${names}`,
  );
}
