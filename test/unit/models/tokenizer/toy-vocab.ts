import { SortedVocab } from '../../../../models/tokenizer/sorted-vocab.ts';
import type { SourceToken, TokenKind } from '../../../../models/tokenizer/source-token.ts';
import { buildVocab } from '../../../../models/tokenizer/vocab-builder.ts';
import { decodeVocab, encodeVocab } from '../../../../models/tokenizer/vocab-file.ts';

const encoder = new TextEncoder();

/** Tokens: bos, all byte tokens, literals, then pieces, best first. */
export function toyTokens(pieces: readonly string[], literals: readonly string[] = []): SourceToken[] {
  const tokens: SourceToken[] = [];
  const add = (kind: TokenKind, name: string, bytes: Uint8Array, rank = 0): void => {
    tokens.push({ id: tokens.length, kind, name, bytes, rank });
  };
  add('control', '<bos>', new Uint8Array(0));
  add('control', '<eos>', new Uint8Array(0));
  for (let byte = 0; byte < 256; byte++) add('byte', `<0x${byte.toString(16)}>`, Uint8Array.of(byte));
  for (const literal of literals) add('literal', literal, encoder.encode(literal));
  for (const [rank, piece] of pieces.entries()) add('normal', piece, encoder.encode(piece), rank);
  return tokens;
}

export function toyVocab(tokens: readonly SourceToken[]): SortedVocab {
  const controls = [
    { name: '<bos>', sourceId: 0, role: 'bos' },
    { name: '<eos>', sourceId: 1, role: 'eos' },
  ];
  const file = encodeVocab(buildVocab(tokens), { controls, trim: 'full', languages: null });
  return new SortedVocab(decodeVocab(file, 'toy'));
}

/** Byte pair encoding from its definition: no cutting, no queue, no cache. Returns the pieces. */
export function slowEncode(tokens: readonly SourceToken[], text: string): string[] {
  const ranks = new Map(tokens.filter((t) => t.kind === 'normal').map((t) => [t.name, t.rank]));
  const literals = tokens.filter((t) => t.kind === 'literal').map((t) => t.name);
  literals.sort((a, b) => b.length - a.length);
  for (const literal of literals) {
    const at = text.indexOf(literal);
    if (at < 0) continue;
    const before = slowEncode(tokens, text.slice(0, at));
    return [...before, literal, ...slowEncode(tokens, text.slice(at + literal.length))];
  }
  const symbols = [...text];
  for (;;) {
    let best = -1;
    let bestRank = Number.POSITIVE_INFINITY;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = ranks.get(symbols[i]! + symbols[i + 1]!) ?? Number.POSITIVE_INFINITY;
      if (rank < bestRank) {
        best = i;
        bestRank = rank;
      }
    }
    if (best < 0) return symbols;
    symbols.splice(best, 2, symbols[best]! + symbols[best + 1]!);
  }
}
