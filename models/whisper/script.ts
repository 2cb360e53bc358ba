/**
 * The script of Chinese output, as a promise on the finished text: Whisper writes Simplified or Traditional as it
 * likes, whatever its prompt says. OpenCC converts by phrase, so 头发 becomes 頭髮 and 发现 becomes 發現.
 */

export type ScriptOption = 'hans' | 'hant' | 'keep';
export type ScriptConverter = (text: string) => string;

const UNCHANGED: ScriptConverter = (text) => text;
const loaded = new Map<ScriptOption, Promise<ScriptConverter>>([['keep', Promise.resolve(UNCHANGED)]]);

/**
 * Loads the dictionaries on first use. `hant` writes the variants usual in Taiwan (裡, not 裏), without its vocabulary.
 */
export function scriptConverter(script: ScriptOption): Promise<ScriptConverter> {
  let converter = loaded.get(script);
  if (converter === undefined) {
    converter = load(script);
    loaded.set(script, converter);
  }
  return converter;
}

async function load(script: ScriptOption): Promise<ScriptConverter> {
  if (script === 'hans') {
    const { Converter } = await import('opencc-js/t2cn');
    return Converter({ from: 't', to: 'cn' });
  }
  const { Converter } = await import('opencc-js/cn2t');
  return Converter({ from: 'cn', to: 'tw' });
}

/**
 * Converts a text and cuts the result where the original was cut: the pieces joined are the converted whole. A phrase
 * may change across a cut, so pieces are not converted one by one. Characters correspond one to one nearly always;
 * where a stretch between cuts changed its length, it is converted by itself instead.
 *
 * @param pieces that join to the text
 */
export function convertPieces(pieces: readonly string[], convert: ScriptConverter): string[] {
  const whole = [...convert(pieces.join(''))];
  const lengths = pieces.map((piece) => [...piece].length);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (whole.length !== total) return pieces.map(convert);
  let at = 0;
  return lengths.map((length) => {
    const piece = whole.slice(at, at + length).join('');
    at += length;
    return piece;
  });
}
