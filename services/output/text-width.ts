/** How many columns a text takes on a terminal or a subtitle line: wide characters two, combining marks none. */

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** User-perceived characters, in order. */
export function graphemesOf(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

export function isWide(character: string): boolean {
  return WIDE.test(character);
}

/** Columns: 2 for each wide character, 1 for others; a mark that combines with its character adds nothing. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of graphemesOf(text)) width += isWide(character) ? 2 : 1;
  return width;
}

export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}
