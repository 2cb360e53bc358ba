/**
 * Segments become subtitle cues: at most two lines of 42 columns, the usual bound of broadcasters (wide characters count
 * twice). A longer segment is cut between words, at the time of the word; without word times its cue keeps all lines,
 * since any other time would be invented.
 */

import type { Segment, Word } from '../../models/core/transcript.ts';
import { wrapLines } from './line-wrap.ts';

/** What a cue is made of: of a segment, or of any other stretch of speech. */
export type SpokenText = Pick<Segment, 'text' | 'start' | 'end' | 'words'>;

export interface Cue {
  readonly startMs: number;
  /** Above startMs, and not above the next cue's startMs. */
  readonly endMs: number;
  readonly lines: readonly string[];
}

const LINE_WIDTH_MAX = 42;
const LINES_MAX = 2;
/** Formats ask for an end after the start. */
const CUE_MS_MIN = 1;

const CLAUSE_END = /[.,:;?!…。，、；：？！]["'”’」』)）]*$/u;

/** A stretch of a segment's text with the time it takes. */
interface Piece {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export function cuesOf(segments: readonly SpokenText[]): Cue[] {
  const cues = segments.flatMap(piecesOf).map(({ text, start, end }) => ({
    startMs: Math.round(start * 1000),
    endMs: Math.round(end * 1000),
    lines: wrapLines(text, LINE_WIDTH_MAX),
  }));
  return withoutOverlap(cues.sort((a, b) => a.startMs - b.startMs));
}

function piecesOf(segment: SpokenText): Piece[] {
  const text = segment.text.replace(/\s+/gu, ' ').trim();
  if (text === '') return [];
  const whole = { text, start: segment.start, end: segment.end };
  if (fits(text)) return [whole];
  const words = wordSpans(text, segment.words ?? []);
  return words === null ? [whole] : splitAtWords(words);
}

const fits = (text: string) => wrapLines(text, LINE_WIDTH_MAX).length <= LINES_MAX;

/** Finds the words in the text, so that each takes the spaces and marks after it. Null where they do not spell it. */
function wordSpans(text: string, words: readonly Word[]): Piece[] | null {
  const starts: number[] = [];
  let from = 0;
  for (const { word } of words) {
    const bare = word.trim();
    const at = text.indexOf(bare, from);
    // Words follow one another; far away stands some other occurrence.
    if (bare === '' || at < 0 || at - from > 3) return null;
    starts.push(at);
    from = at + bare.length;
  }
  if (words.length < 2 || text.length - from > 3) return null;
  starts[0] = 0;
  return words.map(({ start, end }, i) => ({ text: text.slice(starts[i]!, starts[i + 1] ?? text.length), start, end }));
}

function splitAtWords(words: readonly Piece[]): Piece[] {
  const pieces: Piece[] = [];
  let rest = words;
  while (rest.length > 0) {
    const count = wordsThatFit(rest);
    pieces.push(joinWords(rest.slice(0, count)));
    rest = rest.slice(count);
  }
  return pieces;
}

/** As many words as fit; where more follow, back to the last clause end in the second half, if there is one. */
function wordsThatFit(words: readonly Piece[]): number {
  let count = 1;
  while (count < words.length && fits(joinWords(words.slice(0, count + 1)).text)) count++;
  if (count === words.length) return count;
  for (let back = count; back > count / 2; back--) {
    if (CLAUSE_END.test(words[back - 1]!.text.trim())) return back;
  }
  return count;
}

function joinWords(words: readonly Piece[]): Piece {
  const text = words
    .map((word) => word.text)
    .join('')
    .trim();
  return { text, start: words[0]!.start, end: words.at(-1)!.end };
}

/** `cues` by start. A cue gives way to the one after it; where both start together, the later one waits. */
function withoutOverlap(cues: readonly Cue[]): Cue[] {
  const separate: Cue[] = [];
  let freeFromMs = 0;
  cues.forEach((cue, i) => {
    const startMs = Math.max(cue.startMs, freeFromMs);
    const nextMs = cues[i + 1]?.startMs ?? Number.POSITIVE_INFINITY;
    const endMs = Math.max(Math.min(cue.endMs, nextMs), startMs + CUE_MS_MIN);
    separate.push({ ...cue, startMs, endMs });
    freeFromMs = endMs;
  });
  return separate;
}
