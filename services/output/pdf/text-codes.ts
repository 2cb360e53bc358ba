/** Codes of the invisible text: UTF-16 units as they are; characters beyond them get codes that UTF-16 leaves free. */

/** Surrogates never stand alone in text, so their 2,048 codes are free for as many characters beyond the first plane. */
const FREE_FIRST = 0xd800;
const FREE_LAST = 0xdfff;

export class TextCodes {
  #given = new Map<string, number>();

  /** Hexadecimal codes of a text, four digits each. A character for which no code is left is written as U+FFFD. */
  encode(text: string): string {
    let hex = '';
    for (const character of text) hex += this.#code(character).toString(16).padStart(4, '0');
    return hex;
  }

  #code(character: string): number {
    const point = character.codePointAt(0)!;
    // A lone surrogate is no character.
    if (point >= FREE_FIRST && point <= FREE_LAST) return 0xfffd;
    if (point <= 0xffff) return point;
    const known = this.#given.get(character);
    if (known !== undefined) return known;
    const code = FREE_FIRST + this.#given.size;
    if (code > FREE_LAST) return 0xfffd;
    this.#given.set(character, code);
    return code;
  }

  /** What each code means, as a CMap (ISO 32000-1, 9.10.3): how readers copy and search. */
  toUnicode(): string {
    // A range must not cross a change of the first byte, and a block holds at most 100 of them.
    const ranges: string[] = [];
    for (let high = 0; high < 0x100; high++) {
      if (high >= FREE_FIRST >> 8 && high <= FREE_LAST >> 8) continue;
      const byte = high.toString(16).padStart(2, '0');
      ranges.push(`<${byte}00> <${byte}ff> <${byte}00>`);
    }
    const chars = [...this.#given].map(([character, code]) => {
      const pair = [...character.split('')].map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0')).join('');
      return `<${code.toString(16)}> <${pair}>`;
    });
    return [
      '/CIDInit /ProcSet findresource begin',
      '12 dict begin',
      'begincmap',
      '/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def',
      '/CMapName /Adobe-Identity-UCS def',
      '/CMapType 2 def',
      '1 begincodespacerange',
      '<0000> <ffff>',
      'endcodespacerange',
      ...blocks(ranges, 'bfrange'),
      ...blocks(chars, 'bfchar'),
      'endcmap',
      'CMapName currentdict /CMap defineresource pop',
      'end',
      'end',
      '',
    ].join('\n');
  }
}

function blocks(lines: readonly string[], kind: 'bfrange' | 'bfchar'): string[] {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at += 100) {
    const block = lines.slice(at, at + 100);
    out.push(`${block.length} begin${kind}`, ...block, `end${kind}`);
  }
  return out;
}
