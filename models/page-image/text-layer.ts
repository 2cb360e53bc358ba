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

export function textLayerFrom(columns: TextLayerColumns, verdict: TextLayerVerdict): TextLayer {
  const lines: TextLayerLine[] = [];
  let words: TextLayerWord[] = [];
  let first = 0;
  const count = columns.codes.length;
  for (let i = 0; i < count; i++) {
    const flags = columns.flags[i]!;
    const lineEnds = (flags & CharFlag.lineEnd) !== 0 || i === count - 1;
    if (!lineEnds && (flags & CharFlag.spaceAfter) === 0) continue;
    words.push(wordOf(columns, first, i + 1, !lineEnds));
    first = i + 1;
    if (!lineEnds) continue;
    lines.push(lineOf(words));
    words = [];
  }
  return { verdict, lines };
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
