import { compareBytes, type SourceToken } from './source-token.ts';
import { charLenBytes, codePointAt, hashPair, hashSpan, tableSlots } from './span-hash.ts';
import { BYTE_RANK, LITERAL_RANK, type VocabArrays } from './vocab-file.ts';

/**
 * Sorts tokens by bytes (equal bytes: by source id) and builds the tables that encoding needs.
 * @param tokens tokens that have bytes; control tokens are left out
 */
export function buildVocab(tokens: readonly SourceToken[]): VocabArrays {
  const rows = tokens.filter((token) => token.kind !== 'control');
  rows.sort((a, b) => compareBytes(a.bytes, b.bytes) || a.id - b.id);
  const starts = new Uint32Array(rows.length + 1);
  for (const [row, token] of rows.entries()) {
    if (token.bytes.length === 0) throw new Error(`Token ${token.id} has no bytes and is no control token`);
    starts[row + 1] = starts[row]! + token.bytes.length;
  }
  const bytes = new Uint8Array(starts[rows.length]!);
  for (const [row, token] of rows.entries()) bytes.set(token.bytes, starts[row]!);
  const normal = rows.filter((token) => token.kind === 'normal');
  return {
    bytes,
    starts,
    ranks: Int32Array.from(rows, rankOf),
    sourceIds: Int32Array.from(rows, (token) => token.id),
    rowTable: buildRowTable(rows, normal.length),
    pairTable: buildPairTable(normal),
  };
}

function rankOf(token: SourceToken): number {
  return token.kind === 'byte' ? BYTE_RANK : token.kind === 'literal' ? LITERAL_RANK : token.rank;
}

function buildRowTable(rows: readonly SourceToken[], count: number): Int32Array {
  const table = new Int32Array(tableSlots(count)).fill(-1);
  const mask = table.length - 1;
  for (const [row, { kind, bytes }] of rows.entries()) {
    if (kind !== 'normal') continue;
    let slot = hashSpan(bytes, 0, bytes.length) & mask;
    // Where two normal tokens have the same bytes, the first row keeps the place and the other is never encoded.
    while (table[slot] !== -1 && compareBytes(rows[table[slot]!]!.bytes, bytes) !== 0) slot = (slot + 1) & mask;
    if (table[slot] === -1) table[slot] = row;
  }
  return table;
}

/** Every two characters that stand side by side in some normal token: text can be cut between all others. */
function buildPairTable(normal: readonly SourceToken[]): Int32Array {
  // Code points stay below 2 ** 21, so a pair fits a double exactly.
  const pairs = new Set<number>();
  for (const { bytes } of normal) {
    let previous = -1;
    for (let at = 0; at < bytes.length; ) {
      const length = charLenBytes(bytes, at);
      const point = codePointAt(bytes, at, length);
      if (previous >= 0) pairs.add(previous * 2 ** 21 + point);
      previous = point;
      at += length;
    }
  }
  const slots = tableSlots(pairs.size);
  const table = new Int32Array(slots * 2).fill(-1);
  for (const pair of pairs) {
    const first = Math.floor(pair / 2 ** 21);
    const second = pair % 2 ** 21;
    let slot = hashPair(first, second) & (slots - 1);
    while (table[slot * 2] !== -1) slot = (slot + 1) & (slots - 1);
    table[slot * 2] = first;
    table[slot * 2 + 1] = second;
  }
  return table;
}
