/** A line's reading with its boxes: characters from the frames in which the recognizer saw them, words from characters. */
import type { DocumentChange, DocumentChar, DocumentLine, DocumentWord } from '../../models/core/document.ts';
import type { CharReading, LineReading, LineUnit, Quad } from '../../models/core/page.ts';

export type LinePlace = Omit<LineUnit, 'lattice'>;

export function documentLine(line: LinePlace, reading: LineReading): DocumentLine {
  const spans = charSpans(reading.chars, line.frameShare);
  const chars = reading.chars.map(
    (char, i): DocumentChar => ({
      text: char.text,
      quad: slice(line, spans[i]![0], spans[i]![1]),
      confidence: Math.exp(char.logProb),
    }),
  );
  const words = wordsOf(line, reading.chars, chars, spans);
  return {
    quad: line.quad,
    direction: line.direction,
    text: words.map(({ text, spaceAfter }) => (spaceAfter ? `${text} ` : text)).join(''),
    confidence: meanConfidence(reading.chars),
    words,
    changes: reading.changes.map(
      (change): DocumentChange => ({ ...change, offset: trimmedOffset(reading.text, change.offset), by: 'fusion' }),
    ),
    nBest: reading.nBest.length > 1 ? reading.nBest : [],
  };
}

/**
 * Where each character stands, as shares of the line's length. A CTC recognizer fires in few frames, so a character
 * reaches half way to its neighbors; at the ends as far as on its inner side.
 */
export function charSpans(chars: readonly CharReading[], frameShare: number): [number, number][] {
  const centers = chars.map(({ startFrame, endFrame }) => ((startFrame + endFrame) / 2) * frameShare);
  const clamp = (share: number) => Math.min(1, Math.max(0, share));
  return centers.map((center, i) => {
    const before = i > 0 ? (center - centers[i - 1]!) / 2 : undefined;
    const after = i + 1 < centers.length ? (centers[i + 1]! - center) / 2 : undefined;
    // A single character fills its line.
    const half = before ?? after;
    if (half === undefined) return [0, 1];
    return [clamp(center - (before ?? after!)), clamp(center + (after ?? before!))];
  });
}

/** The part of a line's quad between two shares of its reading length. */
function slice({ quad }: LinePlace, from: number, to: number): Quad {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = quad;
  const mix = (a: number, b: number, share: number) => a + (b - a) * share;
  return [
    mix(x0, x1, from),
    mix(y0, y1, from),
    mix(x0, x1, to),
    mix(y0, y1, to),
    mix(x3, x2, to),
    mix(y3, y2, to),
    mix(x3, x2, from),
    mix(y3, y2, from),
  ];
}

function wordsOf(
  line: LinePlace,
  readings: readonly CharReading[],
  chars: readonly DocumentChar[],
  spans: readonly (readonly [number, number])[],
): DocumentWord[] {
  const words: DocumentWord[] = [];
  for (let at = 0; at < chars.length; ) {
    if (isSpace(chars[at]!.text)) {
      at++;
      continue;
    }
    let end = at;
    while (end < chars.length && !isSpace(chars[end]!.text)) end++;
    words.push({
      text: chars
        .slice(at, end)
        .map(({ text }) => text)
        .join(''),
      quad: slice(line, spans[at]![0], spans[end - 1]![1]),
      confidence: meanConfidence(readings.slice(at, end)),
      spaceAfter: chars.slice(end).some(({ text }) => !isSpace(text)),
      chars: chars.slice(at, end),
    });
    at = end;
  }
  return words;
}

/** Where an offset lies once spaces at the start are dropped and runs of them are one. */
function trimmedOffset(text: string, offset: number): number {
  return text.slice(0, offset).trimStart().replace(/\s+/gu, ' ').length;
}

function isSpace(text: string): boolean {
  return text.trim() === '';
}

/** Geometric mean of the recognizer's probability, 0..1; spaces do not count. 0 for nothing. */
function meanConfidence(chars: readonly CharReading[]): number {
  const inked = chars.filter(({ text }) => !isSpace(text));
  if (inked.length === 0) return 0;
  return Math.exp(inked.reduce((sum, { logProb }) => sum + logProb, 0) / inked.length);
}
