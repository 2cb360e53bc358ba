import type { Word } from '../core/transcript.ts';
import { alignmentCost, firstColumns } from './alignment.ts';
import type { DecoderTree, NewToken } from './step-decoder.ts';
import { TIMESTAMP_STEP_SECONDS, type WhisperTokens } from './whisper-tokens.ts';
import { APPENDED, PREPENDED, splitWords } from './word-split.ts';

/** A segment whose words are wanted. Seconds from the start of the recording. */
export interface TimedText {
  readonly start: number;
  readonly end: number;
  /** Text tokens only. */
  readonly tokens: readonly number[];
  /** log P of each of them. */
  readonly logProbs: readonly number[];
}

/** A word under work: seconds from the start of the window. */
export interface WordSpan {
  text: string;
  tokens: number;
  start: number;
  end: number;
  logProb: number;
}

/** Longest median word, in seconds: a slower one is a pause that the alignment swallowed. */
const MEDIAN_SECONDS_MAX = 0.7;
const SENTENCE_ENDS = '.。!！?？';

/**
 * Where each text token begins, in seconds from the start of the window, and where the last one ends: one entry more
 * than tokens. The text goes through the decoder once more, and its cross-attention is aligned with the frames.
 */
export async function tokenTimes(
  tree: Pick<DecoderTree, 'evaluate'>,
  tokens: WhisperTokens,
  frames: { readonly kept: number; readonly real: number },
  language: string,
  task: 'transcribe' | 'translate',
  text: readonly number[],
): Promise<Float64Array> {
  const opening = tokens.openingOf(language, task, false);
  const path = [...opening, ...text, tokens.endOfText];
  const chain = path.map((token, i): NewToken => ({ token, parent: i === 0 ? null : i - 1 }));
  const { align } = await tree.evaluate(chain, [path.length - 1], true);
  const heads = align!.length / (path.length * frames.kept);
  const cost = alignmentCost(align!, {
    heads,
    tokens: path.length,
    frames: frames.kept,
    realFrames: frames.real,
  });
  // The row of a token tells where the next one is heard; so the rows are those of no-timestamps .. last text token.
  const from = opening.length - 1;
  const rows = text.length + 1;
  const first = firstColumns(cost.subarray(from * frames.real, (from + rows) * frames.real), rows, frames.real);
  return Float64Array.from(first, (frame) => frame * TIMESTAMP_STEP_SECONDS);
}

/**
 * Words of segments from their tokens' times: punctuation goes with its word, very long words at pauses are shortened,
 * times never go back, and a segment begins and ends with its words.
 *
 * @param times as `tokenTimes` gives them, for the tokens of all segments in a row
 * @param windowStart seconds from the start of the recording
 */
export function timedWords(
  segments: readonly TimedText[],
  times: Float64Array,
  windowStart: number,
  tokens: Pick<WhisperTokens, 'bytesOf'>,
  language: string,
): { readonly start: number; readonly end: number; readonly words: readonly Word[] }[] {
  let at = 0;
  const spans = segments.map((segment) => {
    const words = splitWords(segment.tokens, tokens, language);
    let place = 0;
    const out = words.map(({ text, tokens: ids }): WordSpan => {
      const logProb = segment.logProbs.slice(place, place + ids.length).reduce((sum, value) => sum + value, 0);
      const start = times[at + place]!;
      place += ids.length;
      return { text, tokens: ids.length, start, end: times[at + place]!, logProb };
    });
    at += segment.tokens.length;
    return out;
  });
  const longest = 2 * medianSeconds(spans.flat());
  shortenAtSentenceEnds(spans.flat(), longest);
  let clock = windowStart;
  return segments.map((segment, i) => {
    const words = mergePunctuation(spans[i]!);
    shortenFirst(words, segment.start - windowStart, longest);
    const placed = words.map((word): Word => {
      const start = Math.max(clock, roundSeconds(windowStart + word.start));
      const end = Math.max(start, roundSeconds(windowStart + word.end));
      clock = end;
      return { word: word.text, start, end, probability: Math.exp(word.logProb / Math.max(1, word.tokens)) };
    });
    if (placed.length === 0) {
      const start = Math.max(clock, segment.start);
      return { start, end: Math.max(start, segment.end), words: [] };
    }
    return { start: placed[0]!.start, end: placed[placed.length - 1]!.end, words: placed };
  });
}

function roundSeconds(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

function medianSeconds(words: readonly WordSpan[]): number {
  const durations = words.map(({ start, end }) => end - start).filter((duration) => duration > 0);
  durations.sort((a, b) => a - b);
  const middle = durations.length >> 1;
  const median =
    durations.length % 2 === 1 ? durations[middle]! : ((durations[middle - 1] ?? 0) + (durations[middle] ?? 0)) / 2;
  return Math.min(MEDIAN_SECONDS_MAX, median);
}

/** A long word at the end or the beginning of a sentence holds a pause: it keeps `longest` of it. */
function shortenAtSentenceEnds(words: readonly WordSpan[], longest: number): void {
  if (longest <= 0) return;
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    if (word.end - word.start <= longest) continue;
    if (isOneOf(word.text, SENTENCE_ENDS)) word.end = word.start + longest;
    else if (isOneOf(words[i - 1]!.text, SENTENCE_ENDS)) word.start = word.end - longest;
  }
}

/** The first word of a segment does not reach far back into the pause before it. */
function shortenFirst(words: readonly WordSpan[], segmentStart: number, longest: number): void {
  const first = words[0];
  if (first === undefined || longest <= 0) return;
  if (segmentStart < first.end && segmentStart - 0.5 > first.start) {
    first.start = Math.max(0, Math.min(first.end - longest / 2, segmentStart));
  } else if (first.end - first.start > 2 * longest) {
    first.start = first.end - longest;
  }
}

function isOneOf(text: string, characters: string): boolean {
  return text.length === 1 && characters.includes(text);
}

/** Opening punctuation goes to the word after it, closing punctuation to the word before. */
export function mergePunctuation(words: readonly WordSpan[]): WordSpan[] {
  const opened: WordSpan[] = [];
  for (let i = words.length - 1; i >= 0; i--) {
    const word = { ...words[i]! };
    const next = opened[opened.length - 1];
    if (next !== undefined && word.text.startsWith(' ') && isOneOf(word.text.trim(), PREPENDED)) {
      next.text = word.text + next.text;
      next.tokens += word.tokens;
      next.logProb += word.logProb;
    } else opened.push(word);
  }
  const merged: WordSpan[] = [];
  for (const word of opened.reverse()) {
    const last = merged[merged.length - 1];
    if (last !== undefined && !last.text.endsWith(' ') && isOneOf(word.text, APPENDED)) {
      last.text += word.text;
      last.tokens += word.tokens;
      last.logProb += word.logProb;
    } else merged.push(word);
  }
  return merged;
}
