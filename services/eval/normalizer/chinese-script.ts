import { Converter } from 'opencc-js';

export type ChineseScript = 'hans' | 'hant' | 'keep';

type Convert = (text: string) => string;

/** Made on first use: the dictionaries take tens of megabytes and a tenth of a second. */
const converters = new Map<ChineseScript, Convert>();

/** OpenCC by phrases, Traditional (any region's characters) to Simplified or back. Other text passes unchanged. */
export function convertScript(text: string, script: ChineseScript): string {
  if (script === 'keep') return text;
  const convert =
    converters.get(script) ?? Converter(script === 'hans' ? { from: 't', to: 'cn' } : { from: 'cn', to: 't' });
  converters.set(script, convert);
  return convert(text);
}
