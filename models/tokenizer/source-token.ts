/** What a token of a model's own vocabulary is. */
export type TokenKind =
  /** A piece of text that merges make. */
  | 'normal'
  /** One byte, for characters that are no token. */
  | 'byte'
  /** A piece of text that is cut out before merging (runs of newlines, of spaces, markup). */
  | 'literal'
  /** No text at all: beginning of text, turns, unused ids. */
  | 'control';

/** One token as the source file lists it. */
export interface SourceToken {
  readonly id: number;
  readonly kind: TokenKind;
  /** Bytes of text; empty for control tokens. */
  readonly bytes: Uint8Array;
  /** The name in the source file, for control tokens. */
  readonly name: string;
  /** Merge priority, lower first; equal ranks are equal. Meaningful for normal tokens. */
  readonly rank: number;
}

/** Compares two byte strings: negative, 0 or positive, a prefix before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
