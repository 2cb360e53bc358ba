/** One item and what a system made of it, judged: every field of an ItemResult that follows from texts. */
import { align, type EditCounts, editCounts, errorRate, errorsOf, textEdits, unitsOf } from '../error-rate.ts';
import {
  type NormalizerOptions,
  OCR_NORMALIZER,
  type TextNormalizer,
  textNormalizer,
} from '../normalizer/text-normalizer.ts';
import type { EvalItem, EvalTask, ItemResult, RateMetric } from '../results.ts';
import { rateName, usualUnit } from '../score.ts';
import { anyOrderEdits } from './any-order.ts';
import { commonUnits } from './common-units.ts';
import { type EntityList, entityHits, namedEntityHits } from './entity-hits.ts';
import { letterHits, TURKISH_LETTERS } from './letter-hits.ts';
import { ALIGNED_CELLS_MAX, SIDE_RATE_CELLS_MAX } from './limits.ts';
import { lineDetectionHits } from './line-detection.ts';
import { numberHits } from './number-hits.ts';
import { type ConfidentWord, wordConfidences } from './word-confidence.ts';

/** Grammar correction is judged by its edits, elsewhere. */
export type JudgedTask = Exclude<EvalTask, 'gec'>;

/** What a system made of an item. */
export interface SystemOutput {
  /** As the system wrote it; lines of a page end with a line feed. '' where it failed. */
  readonly text: string;
  readonly words?: readonly ConfidentWord[];
  /** ocr: found lines; corners x, y in pixels. */
  readonly lines?: readonly { readonly text: string; readonly quad?: readonly number[] }[];
  /** ner: the entities that the system names itself; without them entities are looked for in the text. */
  readonly entities?: readonly string[];
  readonly changes?: readonly { readonly from: string; readonly to: string }[];
  readonly timings?: Readonly<Record<string, number>>;
  readonly llmRows?: number;
  readonly llmRowsEager?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface JudgeOptions {
  /** Name of the system, for the result. */
  readonly system: string;
  /** Absent fields take the defaults: of the language, or OCR_NORMALIZER for pages. */
  readonly normalizer?: Partial<NormalizerOptions>;
  /** By ISO 639-1 code: names that count as spurious where a hypothesis has them and the reference has not. */
  readonly entityLists?: ReadonlyMap<string, EntityList>;
  /** Letters counted one by one; TURKISH_LETTERS for Turkish pages, else none. */
  readonly letters?: readonly string[];
}

/**
 * Of several references the one with the lowest rate counts, the first of equals. A failed item counts as an empty
 * hypothesis. Letters and confidences are left out where the text is too long to align, rates beside the main one where
 * it is too long to count (limits.ts).
 */
export function judgeItem(task: JudgedTask, item: EvalItem, output: SystemOutput, options: JudgeOptions): ItemResult {
  const normalize = normalizerFor(task, item.language, options.normalizer);
  const raw = output.error ? '' : output.text;
  const hyp = normalize(raw);
  const { rawRef, ref, rates } = closestReference(item, hyp, normalize);
  return {
    id: item.id,
    system: options.system,
    language: item.language,
    set: item.set,
    group: item.group,
    reference: ref,
    hypothesis: hyp,
    rawHypothesis: raw,
    rates,
    ...entityFields(item, output, rawRef, raw, normalize, options),
    numbers: numberHits(ref, hyp),
    ...letterField(task, item, rawRef, raw, options),
    ...(task === 'ocr' ? pageFields(item, output, { rawRef, raw, ref, hyp, rates, normalize }) : {}),
    ...(task === 'darag' ? correctionFields(item, ref, hyp, normalize) : {}),
    ...confidenceField(item, output, ref, hyp, normalize),
    ...carried(item, output),
  };
}

/** The normalizer that `judgeItem` applies to both sides. */
export function normalizerFor(
  task: JudgedTask,
  language: string,
  options: Partial<NormalizerOptions> = {},
): TextNormalizer {
  return textNormalizer(language, task === 'ocr' ? { ...OCR_NORMALIZER, ...options } : options);
}

type Rates = Partial<Record<RateMetric, EditCounts>>;

function closestReference(item: EvalItem, hyp: string, normalize: TextNormalizer) {
  const kind = usualUnit(item.language);
  let best = { rawRef: '', ref: '', counts: textEdits('', hyp, kind) };
  item.references.forEach((rawRef, i) => {
    const ref = normalize(rawRef);
    const counts = textEdits(ref, hyp, kind);
    if (i === 0 || errorRate(counts) < errorRate(best.counts)) best = { rawRef, ref, counts };
  });
  return { ...best, rates: ratesOf(item.language, best.ref, hyp, best.counts) };
}

/**
 * The usual rate first. Word errors are left out where the language has no spaces: a sentence would be one word. Mixed
 * units are words there where no character of an unspaced script occurs.
 */
function ratesOf(language: string, ref: string, hyp: string, main: EditCounts): Rates {
  const usual = usualUnit(language);
  const rates: Rates = { [rateName(usual)]: main };
  for (const kind of usual === 'word' ? (['char', 'mixed'] as const) : (['mixed'] as const)) {
    const [a, b] = [unitsOf(ref, kind), unitsOf(hyp, kind)];
    if (a.length * b.length <= SIDE_RATE_CELLS_MAX) rates[rateName(kind)] = editCounts(a, b);
  }
  return rates;
}

function entityFields(
  item: EvalItem,
  output: SystemOutput,
  ref: string,
  hyp: string,
  normalize: TextNormalizer,
  options: JudgeOptions,
): Pick<ItemResult, 'entities'> {
  const list = options.entityLists?.get(item.language.toLowerCase().split('-')[0]!);
  if (!item.entities && !list) return {};
  const wanted = item.entities ?? [];
  if (output.entities && !output.error) return { entities: namedEntityHits(wanted, output.entities, normalize) };
  return { entities: entityHits(wanted, { language: item.language, ref, hyp, normalize }, list) };
}

function letterField(
  task: JudgedTask,
  item: EvalItem,
  rawRef: string,
  raw: string,
  options: JudgeOptions,
): Pick<ItemResult, 'letters'> {
  const isTurkish = item.language.toLowerCase().split('-')[0] === 'tr';
  const letters = options.letters ?? (task === 'ocr' && isTurkish ? TURKISH_LETTERS : []);
  const verbatim = textNormalizer(item.language, { rules: 'verbatim' });
  const [ref, hyp] = [verbatim(rawRef), verbatim(raw)];
  if (letters.length === 0 || ref.length * hyp.length > ALIGNED_CELLS_MAX) return {};
  return { letters: letterHits(ref, hyp, letters, align(unitsOf(ref, 'char'), unitsOf(hyp, 'char'))) };
}

function pageFields(
  item: EvalItem,
  output: SystemOutput,
  texts: { rawRef: string; raw: string; ref: string; hyp: string; rates: Rates; normalize: TextNormalizer },
): Pick<ItemResult, 'anyOrder' | 'oneMinusNed' | 'words' | 'detection'> {
  const { ref, hyp, rates, normalize } = texts;
  const chars = rates.CER;
  const kind = usualUnit(item.language);
  const [refWords, hypWords] = [unitsOf(ref, kind), unitsOf(hyp, kind)];
  const lines = (raw: string) => raw.split(/\r?\n|\f/u).map(normalize);
  const anyOrder = chars && anyOrderEdits(lines(texts.rawRef), lines(texts.raw), chars);
  const quads = output.lines?.flatMap(({ quad }) => (quad ? [quad] : []));
  const longest = Math.max([...ref].length, [...hyp].length);
  return {
    ...(anyOrder ? { anyOrder } : {}),
    ...(chars ? { oneMinusNed: longest === 0 ? 1 : 1 - errorsOf(chars) / longest } : {}),
    ...(refWords.length * hypWords.length <= SIDE_RATE_CELLS_MAX
      ? { words: { right: commonUnits(refWords, hypWords), total: refWords.length } }
      : {}),
    ...(item.lines && (quads || output.error)
      ? {
          detection: lineDetectionHits(
            item.lines.map(({ quad }) => quad),
            quads ?? [],
          ),
        }
      : {}),
  };
}

/** The recognizer's first hypothesis is what was to be corrected: was it right, and did the system change it? */
function correctionFields(
  item: EvalItem,
  ref: string,
  hyp: string,
  normalize: TextNormalizer,
): Pick<ItemResult, 'source' | 'clean'> {
  const first = item.hypotheses?.[0]?.text;
  if (first === undefined) return {};
  const source = normalize(first);
  return { source, clean: { sourceCorrect: source === ref, changed: source !== hyp } };
}

function confidenceField(
  item: EvalItem,
  output: SystemOutput,
  ref: string,
  hyp: string,
  normalize: TextNormalizer,
): Pick<ItemResult, 'confidences'> {
  if (!output.words || output.error || ref.length * hyp.length > ALIGNED_CELLS_MAX) return {};
  return { confidences: wordConfidences(output.words, ref, hyp, usualUnit(item.language), normalize) };
}

function carried(item: EvalItem, output: SystemOutput) {
  return {
    ...(output.changes ? { changes: output.changes } : {}),
    ...(output.timings ? { timings: output.timings } : {}),
    ...(output.llmRows === undefined ? {} : { llmRows: output.llmRows }),
    ...(output.llmRowsEager === undefined ? {} : { llmRowsEager: output.llmRowsEager }),
    ...(item.durationS === undefined ? {} : { durationS: item.durationS }),
    ...(item.mediaPath === undefined ? {} : { mediaPath: item.mediaPath }),
    ...(output.error ? { error: output.error } : {}),
  };
}
