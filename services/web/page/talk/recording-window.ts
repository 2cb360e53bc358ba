/** The border at which the windows of a recording come in: one event of the service becomes the utterances of its segments. */
import type { FusionChange } from '../../../../models/core/stepwise.ts';
import type { Word } from '../../../../models/core/transcript.ts';
import type { Alternative } from './stream-events.ts';
import { EMPTY, type Utterance } from './utterance-list.ts';

/** What is read of a `transcript.text.delta` with response_format verbose_json (docs/api.md). */
interface WindowEvent {
  readonly segments: readonly {
    readonly text: string;
    readonly start: number;
    readonly end: number;
    fused?: unknown;
  }[];
  readonly words: readonly Word[];
  readonly fusion: {
    readonly changes: readonly FusionChange[];
    readonly hypotheses: readonly {
      readonly text: string;
      readonly recognizer_logprob: number;
      readonly fused?: { readonly llmLogProb: number };
    }[];
  };
}

/**
 * Utterances of a window, numbered from `first`. Readings are of the whole window, as it was searched as a whole. Throws
 * SyntaxError where the event is none of a window.
 */
export function windowUtterances(raw: unknown, first: number, language: string): Utterance[] {
  const { segments, words, fusion } = checkedWindow(raw);
  const alternatives = fusion.hypotheses.map(
    ({ text, recognizer_logprob, fused }): Alternative => ({
      text,
      recognizerLogProb: recognizer_logprob,
      ...(fused === undefined ? {} : { llmLogProb: fused.llmLogProb }),
    }),
  );
  const whole = fusion.hypotheses[0]?.text;
  const rest = [...words];
  let windowOffset = 0;
  return segments.map((segment, i) => {
    const text = segment.text.trim();
    const offset = windowOffset + segment.text.indexOf(text);
    windowOffset += segment.text.length;
    return {
      ...EMPTY,
      id: `file.${first + i}`,
      startS: segment.start,
      endS: segment.end,
      stage: segment.fused === undefined ? 'recognized' : 'fused',
      isFinal: true,
      isClosed: true,
      text,
      committed: text.length,
      language,
      words: wordsOf(text, rest),
      alternatives,
      alternativesOf: whole === undefined || whole.trim() === text ? null : whole,
      changes: fusion.changes
        .map((change) => ({ ...change, ...placed(change, offset) }))
        .filter((change) => change.offset >= 0 && isIn(text, change)),
    };
  });
}

/** A change of the window at its place in a segment that begins at `start`. A word takes the space before it along, which a segment's first has not. */
function placed({ recognized, chosen, offset }: FusionChange, start: number) {
  if (offset >= start) return { offset: offset - start };
  const spaces = chosen.length - chosen.trimStart().length;
  if (offset + spaces !== start) return { offset: -1 };
  return { offset: 0, chosen: chosen.trimStart(), recognized: recognized.trimStart() };
}

/** What was taken away leaves nothing to find: it stands before what comes next. */
function isIn(text: string, { chosen, offset }: FusionChange): boolean {
  return chosen === '' ? offset < text.length : text.startsWith(chosen, offset);
}

/** Takes the words that spell `text` off the front of `rest`. */
function wordsOf(text: string, rest: Word[]): Word[] {
  const own: Word[] = [];
  let at = 0;
  for (let next = rest[0]; next !== undefined; next = rest[0]) {
    const found = text.indexOf(next.word.trim(), at);
    if (found < 0) break;
    at = found + next.word.trim().length;
    own.push(next);
    rest.shift();
  }
  return own;
}

function checkedWindow(raw: unknown): WindowEvent {
  const event = (raw ?? {}) as WindowEvent;
  const { segments, words, fusion } = event;
  const isSound =
    areAll(segments, ({ text, start, end }) => typeof text === 'string' && [start, end].every(Number.isFinite)) &&
    areAll(words, ({ word, probability }) => typeof word === 'string' && Number.isFinite(probability)) &&
    typeof fusion === 'object' &&
    fusion !== null &&
    areAll(fusion.hypotheses, ({ text }) => typeof text === 'string') &&
    areAll(fusion.changes, ({ recognized, chosen, offset }) => {
      return typeof recognized === 'string' && typeof chosen === 'string' && Number.isInteger(offset);
    });
  if (!isSound) throw new SyntaxError('a window of the answer is malformed');
  return event;
}

function areAll<Item>(list: readonly Item[], isSound: (item: Item) => boolean): boolean {
  return Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null && isSound(item));
}
