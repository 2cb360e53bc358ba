/**
 * The text that a PDF page carries itself, in pixels of the rendered page. Characters come in the order of the file, which
 * is mostly, not always, the reading order.
 */
import type { Quad } from '../core/page.ts';
import type { TextLayerVerdict } from './text-layer-verdict.ts';

export interface TextLayer {
  readonly verdict: TextLayerVerdict;
  readonly lines: readonly TextLayerLine[];
}

export interface TextLayerLine {
  readonly text: string;
  readonly quad: Quad;
  readonly words: readonly TextLayerWord[];
}

/** Characters between spaces; where a script has none, a whole run. */
export interface TextLayerWord {
  readonly text: string;
  readonly quad: Quad;
  /** A space stands between this word and the next one of its line. */
  readonly spaceAfter: boolean;
  readonly chars: readonly TextLayerChar[];
}

export interface TextLayerChar {
  readonly text: string;
  /** As high as the font's ascent and descent, so that neighbours are equally high. */
  readonly quad: Quad;
}

/** The same in columns, one entry per visible character: how it travels between processes. */
export interface TextLayerColumns {
  /** Unicode code points. */
  readonly codes: Uint32Array;
  /** [chars * 8] */
  readonly quads: Float32Array;
  /** Bits of `CharFlag`. */
  readonly flags: Uint8Array;
}

export const CharFlag = {
  /** White space stands after the character. */
  spaceAfter: 1,
  /** The character is the last one of its line. */
  lineEnd: 2,
  /** Text that is drawn without ink, as recognizers lay it over scans. */
  invisible: 4,
  /** The font does not say which character its glyph is. */
  unmapped: 8,
} as const;

/** A gap wider than this, in heights of a character, is a space. */
const SPACE_EM_MIN = 0.15;
/** Characters further apart than this stand in different columns. */
const SAME_LINE_EM_MAX = 1;
/** How much of the lower character's height two characters of one line share. */
const SAME_LINE_SHARE_MIN = 0.5;
/** Where symbol fonts have their bullets and arrows. */
const SYMBOL_FONT_FIRST = 0xf000;
const SYMBOL_FONT_LAST = 0xf0ff;
const BULLET = 0x2022;

/**
 * A sign of a symbol font that stands alone is a bullet or an arrow in front of an item: it becomes a bullet, since its
 * private code says nothing to anybody. Anything else in private use stays, and speaks against the layer.
 */
export function withBullets({ codes, quads, flags }: TextLayerColumns): TextLayerColumns {
  const apart = CharFlag.spaceAfter | CharFlag.lineEnd;
  const alone = (i: number) => (i === 0 || (flags[i - 1]! & apart) !== 0) && (flags[i]! & apart) !== 0;
  const named = codes.map((code, i) =>
    code >= SYMBOL_FONT_FIRST && code <= SYMBOL_FONT_LAST && alone(i) ? BULLET : code,
  );
  return {
    codes: named,
    quads,
    flags: flags.map((bits, i) => (named[i] === codes[i] ? bits : bits & ~CharFlag.unmapped)),
  };
}

export function textLayerFrom(columns: TextLayerColumns, verdict: TextLayerVerdict): TextLayer {
  const lines: TextLayerLine[] = [];
  let words: TextLayerWord[] = [];
  let first = 0;
  const count = columns.codes.length;
  for (let i = 0; i < count; i++) {
    const flags = columns.flags[i]!;
    const gap = (flags & CharFlag.lineEnd) !== 0 && i < count - 1 ? gapOnLine(columns.quads, i) : null;
    const lineEnds = i === count - 1 || ((flags & CharFlag.lineEnd) !== 0 && gap === null);
    const spaced = (flags & CharFlag.spaceAfter) !== 0 || (gap ?? 0) > SPACE_EM_MIN;
    if (!lineEnds && !spaced) continue;
    words.push(wordOf(columns, first, i + 1, !lineEnds));
    first = i + 1;
    if (!lineEnds) continue;
    lines.push(lineOf(words));
    words = [];
  }
  return { verdict, lines };
}

/**
 * The gap between a character and the next one, in heights of the taller one, where the next one goes on in the same line;
 * else null. Raised and lowered signs (m², H₂O) are taken for line ends by the reader of the file.
 */
function gapOnLine(quads: Float32Array, index: number): number | null {
  const [left, top, right, beside, , , , below] = quadAt(quads, index);
  const next = quadAt(quads, index + 1);
  const lengthPx = Math.hypot(right - left, beside - top);
  if (lengthPx === 0) return null;
  const [ux, uy] = [(right - left) / lengthPx, (beside - top) / lengthPx];
  const along = (at: number) => (next[at]! - right) * ux + (next[at + 1]! - beside) * uy;
  const across = (x: number, y: number) => (y - top) * ux - (x - left) * uy;
  const bottom = across(quads[index * 8 + 6]!, below);
  const [nextTop, nextBottom] = [across(next[0], next[1]), across(next[6], next[7])];
  const shared = Math.min(bottom, nextBottom) - Math.max(0, nextTop);
  const taller = Math.max(bottom, nextBottom - nextTop);
  const onLine = shared >= SAME_LINE_SHARE_MIN * Math.min(bottom, nextBottom - nextTop);
  const gap = along(0) / taller;
  return onLine && gap > -SAME_LINE_EM_MAX && gap < SAME_LINE_EM_MAX ? gap : null;
}

function lineOf(words: readonly TextLayerWord[]): TextLayerLine {
  const text = words.map((word) => (word.spaceAfter ? `${word.text} ` : word.text)).join('');
  return { text, quad: quadAround(words.map(({ quad }) => quad)), words };
}

function wordOf({ codes, quads }: TextLayerColumns, start: number, end: number, spaceAfter: boolean): TextLayerWord {
  const chars: TextLayerChar[] = [];
  for (let i = start; i < end; i++) {
    chars.push({ text: String.fromCodePoint(codes[i]!), quad: quadAt(quads, i) });
  }
  const text = chars.map((char) => char.text).join('');
  return { text, quad: quadAround(chars.map(({ quad }) => quad)), spaceAfter, chars };
}

function quadAt(quads: Float32Array, index: number): Quad {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = quads.subarray(index * 8, index * 8 + 8);
  return [x0!, y0!, x1!, y1!, x2!, y2!, x3!, y3!];
}

/** The smallest quad in the first one's direction that holds all of them. */
function quadAround(quads: readonly Quad[]): Quad {
  const [left, top, right, beside] = quads[0]!;
  const lengthPx = Math.hypot(right - left, beside - top);
  // A character without width has no direction of its own; it is taken for upright.
  const [ux, uy] = lengthPx > 0 ? [(right - left) / lengthPx, (beside - top) / lengthPx] : [1, 0];
  let [alongMin, alongMax, acrossMin, acrossMax] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const quad of quads) {
    for (let corner = 0; corner < 8; corner += 2) {
      const along = quad[corner]! * ux + quad[corner + 1]! * uy;
      const across = quad[corner + 1]! * ux - quad[corner]! * uy;
      alongMin = Math.min(alongMin, along);
      alongMax = Math.max(alongMax, along);
      acrossMin = Math.min(acrossMin, across);
      acrossMax = Math.max(acrossMax, across);
    }
  }
  const at = (along: number, across: number) => [along * ux - across * uy, along * uy + across * ux] as const;
  const a = at(alongMin, acrossMin);
  const b = at(alongMax, acrossMin);
  const c = at(alongMax, acrossMax);
  const d = at(alongMin, acrossMax);
  return [...a, ...b, ...c, ...d];
}
