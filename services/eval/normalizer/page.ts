/**
 * Pages, where the printed characters themselves are judged:
 *
 * - `verbatim`: composed (NFC), runs of white space (line ends among them) become one space, none at the ends. Nothing else.
 * - `ocr`: the same after NFKC, so that ，and , or ① and 1 or ﬁ and fi are no difference: which of the two a page shows is
 *   a matter of its font. Invisible characters are dropped, and so are spaces beside a character of a script that is
 *   written without them (Han, kana, Thai, ...): there a space is a line end or a gap in the layout, not text.
 *   Punctuation, case, digits and letters stay as they are.
 */
import { foldWidth, squeezeSpaces } from './basic.ts';
import { type ChineseScript, convertScript } from './chinese-script.ts';
import { UNSPACED } from './scripts.ts';

const SPACE_BESIDE_UNSPACED = new RegExp(`(?<=${UNSPACED}) | (?=${UNSPACED})`, 'gu');

export function normalizeVerbatim(text: string): string {
  return squeezeSpaces(text.normalize('NFC'));
}

export function normalizePage(text: string, script: ChineseScript): string {
  return squeezeSpaces(convertScript(foldWidth(text), script)).replace(SPACE_BESIDE_UNSPACED, '');
}
