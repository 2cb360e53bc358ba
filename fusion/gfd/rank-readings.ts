/**
 * Whole readings of one unit, ranked by the joint score of the fused search (weights.ts): what fusion can do for a
 * recognizer that lists its readings instead of proposing tokens. The best of a list is never better than the list.
 */
import type { FusedScore, FusionChange, Warning } from '../../models/core/stepwise.ts';
import type { TranscribeOptions } from '../../models/core/transcript.ts';
import type { ContextCache } from '../bytes/context-cache.ts';
import { contextText } from './llm-context.ts';
import { LlmText } from './llm-text.ts';
import { presetFor } from './presets.ts';
import { readingDifferences } from './reading-difference.ts';
import { byteLogProbs, uncovered } from './search.ts';
import { finalScore } from './weights.ts';

export interface RankRoom {
  /** Null while no language model is loaded: the recognizer's order stands. */
  readonly contexts: ContextCache | null;
  /** Traditional to Simplified, character by character; shown to the language model only. */
  readonly scriptTable: ReadonlyMap<string, string>;
}

export type RankOptions = Pick<
  TranscribeOptions,
  'llmWeight' | 'preset' | 'llmPrompt' | 'hotwords' | 'llmContextCharsMax' | 'nBest'
>;

export interface ReadingList {
  /** ISO 639-1. */
  readonly language: string;
  /** What was said just before. */
  readonly previousText: string;
  /** At least one, in any order. */
  readonly readings: readonly { readonly text: string; readonly logProb: number }[];
}

export interface RankedReading {
  readonly text: string;
  readonly recognizerLogProb: number;
  /** Absent where the language model took no part. */
  readonly fused?: FusedScore;
}

export interface RankedList {
  /** Best first, at most `nBest`; at least one. */
  readonly readings: readonly RankedReading[];
  /** Where the chosen reading differs from the recognizer's first. */
  readonly changes: readonly FusionChange[];
  /** Readings that the language model judged. */
  readonly judged: number;
  readonly warnings: readonly Warning[];
}

/**
 * Readings that the language model is asked about, the recognizer's best. In the lists that were measured the chosen one was
 * nearly always among the first ten; each row costs a pass of the model.
 */
export const READINGS_JUDGED_MAX = 32;
/** Bytes of readings that the language model reads together: each row holds a vocabulary of logits, 0.4 MB. */
const GROUP_BYTES_MAX = 1000;
/** Longer readings are no units of speech; what the model would need for them is bounded by this. */
const READING_CHARS_MAX = 4096;

/** Equal texts count once, by their best. Ties keep the recognizer's order, then that of the list. */
export async function rankReadings(
  room: RankRoom,
  options: RankOptions,
  list: ReadingList,
  signal?: AbortSignal,
): Promise<RankedList> {
  const { language, previousText } = list;
  const preset = presetFor(options.preset, language);
  const llmWeight = room.contexts === null ? 0 : (options.llmWeight ?? preset.llmWeight);
  const distinct = distinctReadings(list.readings);
  const nBest = Math.max(1, options.nBest);
  const alone = (warnings: readonly Warning[]): RankedList => ({
    readings: distinct.slice(0, nBest).map(({ text, logProb }) => ({ text, recognizerLogProb: logProb })),
    changes: [],
    judged: 0,
    warnings,
  });
  if (room.contexts === null || llmWeight === 0) return alone([]);
  const { vocab } = room.contexts.scorer;
  if (vocab.languages?.includes(language) === false) return alone([uncovered(language)]);
  const judged = distinct.slice(0, READINGS_JUDGED_MAX).filter(({ text }) => text.length <= READING_CHARS_MAX);
  if (judged.length === 0) return alone([]);

  const encoder = new TextEncoder();
  const context = contextText({
    prompt: options.llmPrompt,
    hotwords: options.hotwords,
    previousText,
    previousCharsMax: options.llmContextCharsMax,
  });
  const table = language === 'zh' ? room.scriptTable : new Map<string, string>();
  const { text: view, contextBytes } = LlmText.after(context, table, true);
  const contextTokens = contextBytes.length === 0 ? [] : vocab.encode(contextBytes);
  const weights = { ...preset, llmWeight };
  const ranked: (RankedReading & { readonly fused: FusedScore })[] = [];
  for (const group of groupsOf(judged)) {
    const texts = group.map(({ text }) => text);
    const logProbs = await byteLogProbs(room.contexts, view, contextTokens, texts, signal);
    for (const [i, { text, logProb }] of group.entries()) {
      const bytes = view.view(encoder.encode(text));
      const llmTokens = vocab.encode(bytes).length;
      // The number of the recognizer's tokens is not known, and no preset divides by it.
      const lengths = { bytes: bytes.length, llmTokens, recognizerTokens: 1 };
      const score = finalScore(logProb, logProbs[i]!, lengths, weights);
      const fused = { score, llmLogProb: logProbs[i]!, llmTokens, bytes: bytes.length, llmWeight };
      ranked.push({ text, recognizerLogProb: logProb, fused });
    }
  }
  // Sorting is stable, and the readings come in the recognizer's order.
  const first = ranked[0]!;
  ranked.sort((a, b) => order(b.fused.score, a.fused.score));
  const chosen = ranked[0]!;
  const scores = ({ text, recognizerLogProb, fused }: (typeof ranked)[number]) => ({
    text,
    logProb: { recognizer: recognizerLogProb, llm: fused.llmLogProb },
  });
  return {
    readings: ranked.slice(0, nBest),
    changes: chosen === first ? [] : readingDifferences(scores(first), scores(chosen)),
    judged: judged.length,
    warnings: [],
  };
}

function distinctReadings(readings: ReadingList['readings']): { readonly text: string; readonly logProb: number }[] {
  const best = new Map<string, number>();
  for (const { text, logProb } of readings) {
    best.set(text, Math.max(best.get(text) ?? Number.NEGATIVE_INFINITY, logProb));
  }
  const distinct = [...best].map(([text, logProb]) => ({ text, logProb }));
  return distinct.sort((a, b) => order(b.logProb, a.logProb));
}

/** Infinities compare as equal to themselves, where subtraction gives no number. */
function order(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function* groupsOf<T extends { readonly text: string }>(readings: readonly T[]): Generator<T[]> {
  const encoder = new TextEncoder();
  let group: T[] = [];
  let bytes = 0;
  for (const reading of readings) {
    group.push(reading);
    bytes += encoder.encode(reading.text).length;
    if (bytes < GROUP_BYTES_MAX) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}
