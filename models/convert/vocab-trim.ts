import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import type { SourceToken } from '../tokenizer/source-token.ts';
import { GEMMA3_FREQUENCY } from './gemma3-frequency.ts';
import { BLOCK_ROWS } from './llm-graph.ts';

/** Languages whose tokens a trim keeps first, ISO 639-1. */
export const TRIM_LANGUAGES = ['en', 'tr', 'zh'] as const;

const HAN = /\p{Script=Han}/u;
/** All names of Gemma 3's tokens, joined by newlines. */
const GEMMA3_VOCAB_SHA256 = 'afa3945939b919cdf06deb3aa2ef216bb7bfcf3c8bdc8fa2496e61f256df555c';

/** Every character of a token must be one of these: Latin, Han, and what both write between words. */
const IN_SCRIPTS = new RegExp(
  '^[' +
    '\\p{Script=Latin}\\p{Script=Han}\\p{Script=Bopomofo}' +
    // Combining marks, which decomposed Latin letters use.
    '\\u0300-\\u036f' +
    '\\p{P}\\p{Nd}\\p{No}\\p{Sc}\\p{Sm}\\p{Sk}\\p{Zs}\\t\\n\\r' +
    // Letter-like symbols, arrows, shapes, CJK symbols, full width.
    '\\u2100-\\u21ff\\u2460-\\u27bf\\u3000-\\u303f\\u30fb\\u3200-\\u33ff\\ufe30-\\ufe4f\\uff00-\\uffef\\u00a9\\u00ae\\u00b0' +
    ']+$',
  'u',
);
/** Numerals and punctuation of scripts that are not in use match the classes above; these do not belong. */
const OTHER_SCRIPTS = /[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Thai}\p{Script=Hangul}]/u;
/** Digits, brackets and marks of the remaining scripts: whatever is not ASCII, Latin-1, general or CJK punctuation. */
const FAR_SYMBOL = /[\p{P}\p{Nd}\p{No}]/u;
const NEAR_RANGES = /^[\p{ASCII}\u0080-\u02ff\u2000-\u2bff\u3000-\u33ff\ufe10-\ufe4f\uff00-\uffef]+$/u;

/** True where every character of the text is of the scripts in use. */
export function isInScripts(text: string): boolean {
  if (!IN_SCRIPTS.test(text) || OTHER_SCRIPTS.test(text)) return false;
  for (const char of text) if (FAR_SYMBOL.test(char) && !NEAR_RANGES.test(char)) return false;
  return true;
}

/**
 * Chooses the tokens of a trimmed vocabulary: all byte tokens and literals, every single character of the scripts in use,
 * tokens with Han characters, then the others of those scripts by how often the languages in use need them, where that is
 * known (`tokenTiers`), and by merge rank (the order of frequency in training). The set is closed under merges: all that
 * comes up while a kept token is made is kept as well, so every kept token can still be made.
 * @param size rows wanted; rounded down to whole blocks of 64, so that no logits need padding
 * @returns kept tokens, in source order; all tokens with bytes where `size` is `full`
 */
export function trimVocab(tokens: readonly SourceToken[], size: 'full' | number): SourceToken[] {
  const withBytes = tokens.filter((token) => token.kind !== 'control');
  if (size === 'full') return withBytes;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const texts = new Map<string, SourceToken>();
  const kept = new Set<SourceToken>(withBytes.filter((token) => token.kind !== 'normal'));
  const candidates: [SourceToken, string][] = [];
  for (const token of withBytes) {
    if (token.kind !== 'normal') continue;
    const text = decoder.decode(token.bytes);
    if (!texts.has(text)) texts.set(text, token);
    if (!isInScripts(text)) continue;
    if ([...text].length === 1) kept.add(token);
    else candidates.push([token, text]);
  }
  const rows = Math.floor(Math.min(size, withBytes.length) / BLOCK_ROWS) * BLOCK_ROWS;
  const tiers = tokenTiers(tokens);
  const tierOf = ([token, text]: [SourceToken, string]) => (HAN.test(text) ? 255 : (tiers[token.id] ?? 0));
  candidates.sort((a, b) => tierOf(b) - tierOf(a) || a[0].rank - b[0].rank || a[0].id - b[0].id);
  for (const [token, text] of candidates) {
    const wanted = closure(token, text, texts).filter((part) => !kept.has(part));
    if (kept.size + wanted.length > rows) {
      if (kept.size >= rows) break;
      continue;
    }
    for (const part of wanted) kept.add(part);
  }
  return withBytes.filter((token) => kept.has(token));
}

/** How often the languages in use need each source id, in tiers; empty for a vocabulary that nobody has counted. */
function tokenTiers(tokens: readonly SourceToken[]): Uint8Array {
  const hash = createHash('sha256');
  for (const [i, { name }] of tokens.entries()) hash.update(i === 0 ? name : `\n${name}`);
  if (hash.digest('hex') !== GEMMA3_VOCAB_SHA256) return new Uint8Array(0);
  return inflateRawSync(Buffer.from(GEMMA3_FREQUENCY, 'base64'));
}

/** The token and everything that its own encoding goes through. */
function closure(token: SourceToken, text: string, texts: ReadonlyMap<string, SourceToken>): SourceToken[] {
  const out = [token];
  for (const part of mergeSteps(text, texts)) out.push(part);
  return out;
}

/** All tokens that come up while `text` (a token) is encoded: its canonical merge tree without the root. */
function mergeSteps(text: string, texts: ReadonlyMap<string, SourceToken>): SourceToken[] {
  const symbols = [...text];
  const steps: SourceToken[] = [];
  const note = (piece: string): void => {
    const token = texts.get(piece);
    if (token !== undefined && piece !== text) steps.push(token);
  };
  for (const symbol of symbols) note(symbol);
  while (symbols.length > 1) {
    let best = -1;
    let bestRank = Number.POSITIVE_INFINITY;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = texts.get(symbols[i]! + symbols[i + 1]!)?.rank ?? Number.POSITIVE_INFINITY;
      if (rank < bestRank) {
        best = i;
        bestRank = rank;
      }
    }
    if (best < 0) break;
    symbols.splice(best, 2, symbols[best]! + symbols[best + 1]!);
    note(symbols[best]!);
  }
  return steps;
}
