import { alphabetHash } from '../../models/core/alphabet-hash.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Alphabet } from '../../models/core/stepwise.ts';
import { ALPHABET_BYTES_MAX, ALPHABET_PART_BYTES, ALPHABET_PART_TOKENS, TOKEN_BYTES_MAX } from './limits.ts';
import type { AlphabetPart } from './messages.ts';

/** An alphabet as one flat table. Throws RangeError where a token is longer than 16 bits can say. */
export class AlphabetTable implements Alphabet {
  readonly size: number;
  readonly hash: string;
  #bytes: Uint8Array;
  /** Token id starts at offsets[id] and ends at offsets[id + 1]. */
  #offsets: Uint32Array;

  /** `lengths[id]` bytes of `bytes` for each token, in order of id. */
  constructor(lengths: Uint16Array, bytes: Uint8Array) {
    this.size = lengths.length;
    this.#bytes = bytes;
    this.#offsets = new Uint32Array(lengths.length + 1);
    for (let id = 0; id < lengths.length; id++) this.#offsets[id + 1] = this.#offsets[id]! + lengths[id]!;
    if (this.#offsets[lengths.length] !== bytes.length) throw new RangeError('lengths must add up to the bytes');
    this.hash = alphabetHash(this);
  }

  bytesOf(id: number): Uint8Array {
    if (!(id >= 0 && id < this.size)) throw new RangeError(`token ${id} is outside 0..${this.size - 1}`);
    return this.#bytes.subarray(this.#offsets[id]!, this.#offsets[id + 1]!);
  }
}

/** The table in parts that fit a frame, in order. */
export function alphabetParts(alphabet: Alphabet): AlphabetPart[] {
  const cuts: { first: number; end: number; bytes: number }[] = [];
  let first = 0;
  let bytes = 0;
  for (let id = 0; id < alphabet.size; id++) {
    const length = alphabet.bytesOf(id).length;
    if (length > TOKEN_BYTES_MAX) throw new RangeError(`token ${id} has ${length} bytes; at most ${TOKEN_BYTES_MAX}`);
    if (id > first && (bytes + length > ALPHABET_PART_BYTES || id - first === ALPHABET_PART_TOKENS)) {
      cuts.push({ first, end: id, bytes });
      first = id;
      bytes = 0;
    }
    bytes += length;
  }
  cuts.push({ first, end: alphabet.size, bytes });
  return cuts.map((cut, part) => {
    const lengths = new Uint16Array(cut.end - cut.first);
    const joined = new Uint8Array(cut.bytes);
    let at = 0;
    for (let id = cut.first; id < cut.end; id++) {
      const piece = alphabet.bytesOf(id);
      lengths[id - cut.first] = piece.length;
      joined.set(piece, at);
      at += piece.length;
    }
    return {
      type: 'alphabet',
      hash: alphabet.hash,
      part,
      parts: cuts.length,
      first: cut.first,
      lengths,
      bytes: joined,
    };
  });
}

/** Puts the parts together again. */
export class AlphabetReceiver {
  #expected: { readonly size: number; readonly hash: string };
  #lengths: Uint16Array;
  #pieces: Uint8Array[] = [];
  #tokens = 0;
  #bytes = 0;

  constructor(expected: { readonly size: number; readonly hash: string }) {
    this.#expected = expected;
    this.#lengths = new Uint16Array(expected.size);
  }

  /**
   * Takes the next part; returns the table after the last one. Throws protocol_error: another alphabet, a part out of
   * order, too much, or a table whose hash is not the one announced.
   */
  take(part: AlphabetPart): AlphabetTable | undefined {
    const { size, hash } = this.#expected;
    if (part.hash !== hash) refuse(`Field hash: alphabet ${part.hash} was not asked for`);
    if (part.part !== this.#pieces.length) refuse(`Field part: expected ${this.#pieces.length}, found ${part.part}`);
    if (part.first !== this.#tokens) refuse(`Field first: expected ${this.#tokens}, found ${part.first}`);
    if (part.first + part.lengths.length > size) refuse(`Field lengths: more than the ${size} tokens announced`);
    this.#bytes += part.bytes.length;
    if (this.#bytes > ALPHABET_BYTES_MAX) refuse(`Field bytes: the alphabet has more than ${ALPHABET_BYTES_MAX} bytes`);
    this.#lengths.set(part.lengths, part.first);
    this.#tokens += part.lengths.length;
    this.#pieces.push(part.bytes);
    if (part.part + 1 < part.parts) return undefined;

    if (this.#tokens !== size) refuse(`Field parts: ${this.#tokens} tokens came of ${size} announced`);
    const joined = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    const table = new AlphabetTable(this.#lengths, joined);
    if (table.hash !== hash) refuse(`Field hash: the table hashes to ${table.hash}, announced was ${hash}`);
    return table;
  }
}

function refuse(message: string): never {
  throw new AppError('protocol_error', `${message}.`);
}
