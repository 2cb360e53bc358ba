/**
 * A vocabulary sorted by bytes: row r's bytes are not above row r + 1's. Every set "tokens that begin with these bytes"
 * is then an interval of rows. Control and unused tokens have no bytes and no row here; they follow at ids >= `size`.
 */
export interface Interval {
  /** First row. */
  readonly lo: number;
  /** One past the last row; lo === hi is the empty interval. */
  readonly hi: number;
}

export interface ByteVocab {
  /** Number of rows that have bytes; row ids are 0 .. size - 1. */
  readonly size: number;
  /** Id of the beginning-of-text token (>= size: it has no bytes). */
  readonly bos: number;
  /** Longest token, in bytes. */
  readonly tokenLenBytesMax: number;
  /** Bytes of a row: a view that the vocabulary owns; do not write to it. */
  bytesOf(row: number): Uint8Array;
  /** Rows whose bytes begin with `prefix` (an empty prefix is every row). */
  interval(prefix: Uint8Array): Interval;
  /**
   * Standard tokenization of whole UTF-8 text, as the model was trained on, without a beginning-of-text token.
   * Never yields a control token, whatever the text says.
   */
  encode(text: Uint8Array): number[];
  /** ISO 639-1 codes that a trimmed vocabulary was chosen for; null: the full vocabulary, for whatever the model knows. */
  readonly languages: readonly string[] | null;
  /** True where every character of this text can be written with few tokens: false where it falls apart into bytes. */
  covers(text: string): boolean;
  /** SHA-256 (hex) of the sorted vocabulary. */
  readonly hash: string;
}
