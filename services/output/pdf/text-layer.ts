/**
 * The invisible text of a page as a PDF content stream: one run per row, stretched to the length of its line, so that
 * marking follows the picture and copying gives the text (runs per word or character make readers put spaces between
 * Chinese characters).
 */
import type { DocumentLine, DocumentPage } from '../../../models/core/document.ts';
import { GLYPH_ADVANCE_EM } from './glyphless-font.ts';
import type { TextCodes } from './text-codes.ts';

/** a b c d e f of a PDF matrix: x' = a x + c y + e, y' = b x + d y + f. */
export type Matrix = readonly [number, number, number, number, number, number];

/** Name of the font in the page's resources. */
export const FONT_NAME = 'BytefuseText';

/** `toPage`: from pixels of the upright page to the page's own space, in points. */
export function textLayer(page: DocumentPage, toPage: Matrix, codes: TextCodes): string {
  const runs = page.blocks.flatMap(({ lines }) => lines.map((line) => textRun(line, toPage, codes)));
  // 3 Tr: neither filled nor stroked.
  return `q BT 3 Tr\n${runs.join('')}ET Q\n`;
}

/** From pixels of the upright page to a page of its own that shows the picture as it came, lower left corner at 0, 0. */
export function imageMatrix(page: DocumentPage, pointsPerPx: number): Matrix {
  const { widthPx: w, heightPx: h } = page;
  const s = pointsPerPx;
  switch (page.turnedDegrees) {
    case 0:
      return [s, 0, 0, -s, 0, h * s];
    case 90:
      // The picture as it came has the upright page's height as its width.
      return [0, s, s, 0, 0, 0];
    case 180:
      return [-s, 0, 0, s, w * s, 0];
    case 270:
      return [0, -s, -s, 0, h * s, w * s];
  }
}

function textRun(line: DocumentLine, toPage: Matrix, codes: TextCodes): string {
  if (line.text === '') return '';
  const [x0, y0, , , x2, y2, x3, y3] = line.quad;
  // The text runs from `from` to `to` along the side that its glyphs stand on; `up` leads across it.
  const [from, to, up] = [apply(toPage, x3, y3), apply(toPage, x2, y2), apply(toPage, x0, y0)];
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const size = Math.hypot(up[0] - from[0], up[1] - from[1]);
  if (length < MIN_POINTS || size < MIN_POINTS) return '';
  const [cos, sin] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  const text = codes.encode(`${line.text} `);
  const stretch = (100 * length) / (GLYPH_ADVANCE_EM * size * (text.length / 4 - 1));
  const matrix = [cos, sin, -sin, cos, from[0], from[1]].map((value) => decimal(value, 5)).join(' ');
  return `/${FONT_NAME} ${decimal(size, 3)} Tf ${decimal(stretch, 3)} Tz ${matrix} Tm <${text}> Tj\n`;
}

/** Below this, in points, a line has no size to speak of. */
const MIN_POINTS = 1e-3;

function apply([a, b, c, d, e, f]: Matrix, x: number, y: number): [number, number] {
  return [a * x + c * y + e, b * x + d * y + f];
}

/** PDF numbers know no exponents. */
function decimal(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)) || 0);
}
