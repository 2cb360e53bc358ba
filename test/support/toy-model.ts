/**
 * Toy vocabulary, language model and recognizer: a few tokens, numbers from a hash, nothing random at run time. Equal
 * input gives equal output to the last bit, so laws that hold exactly can be tested exactly.
 */
import type { ByteVocab, Interval } from '../../models/core/byte-vocab.ts';
import { logSoftmax } from '../../models/core/logprob.ts';
import type {
  Alphabet,
  BeamCandidates,
  BeamPick,
  StepCandidates,
  StepwiseSource,
  StepwiseUnit,
} from '../../models/core/stepwise.ts';
import type { ScorerNode, TokenDistribution, TokenScorer } from '../../models/core/token-scorer.ts';

/** 0 .. 1 from a list of numbers (FNV-1a). */
export function hash01(...values: number[]): number {
  let h = 0x811c9dc5;
  for (const value of values) {
    for (let shift = 0; shift < 32; shift += 8) h = Math.imul(h ^ ((value >> shift) & 0xff), 0x01000193);
    h ^= h >>> 13;
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return ((h ^ (h >>> 15)) >>> 0) / 2 ** 32;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

const startsWith = (bytes: Uint8Array, prefix: Uint8Array) =>
  bytes.length >= prefix.length && prefix.every((byte, i) => bytes[i] === byte);

/** Greedy pair merging by rank: earlier pieces in the list given to the constructor merge first. */
export class ToyVocab implements ByteVocab {
  readonly size: number;
  readonly bos: number;
  readonly tokenLenBytesMax: number;
  readonly hash = 'toy';
  readonly languages = null;
  #rows: Uint8Array[];
  #rank = new Map<string, number>();
  #row = new Map<string, number>();

  /** `pieces`: texts, single characters first. A byte token is added for each byte that occurs. */
  constructor(pieces: readonly string[]) {
    const encoder = new TextEncoder();
    const all = new Map<string, Uint8Array>();
    for (const piece of pieces) all.set(`p${piece}`, encoder.encode(piece));
    for (const piece of pieces) {
      for (const byte of encoder.encode(piece)) if (byte >= 0x80) all.set(`b${byte}`, Uint8Array.of(byte));
    }
    const sorted = [...all].sort(([a, x], [b, y]) => compareBytes(x, y) || (a < b ? -1 : 1));
    this.#rows = sorted.map(([, bytes]) => bytes);
    sorted.forEach(([name, bytes], row) => {
      if (name[0] === 'p') this.#row.set(name.slice(1), row);
      else this.#row.set(`\u0000${bytes[0]}`, row);
    });
    pieces.forEach((piece, rank) => {
      this.#rank.set(piece, rank);
    });
    this.size = this.#rows.length;
    this.bos = this.size;
    this.tokenLenBytesMax = Math.max(...this.#rows.map((bytes) => bytes.length));
  }

  bytesOf(row: number): Uint8Array {
    return this.#rows[row]!;
  }

  interval(prefix: Uint8Array): Interval {
    const lo = this.#rows.findIndex((bytes) => startsWith(bytes, prefix));
    if (lo < 0) return { lo: 0, hi: 0 };
    let hi = lo;
    while (hi < this.size && startsWith(this.#rows[hi]!, prefix)) hi++;
    return { lo, hi };
  }

  encode(text: Uint8Array): number[] {
    const pieces = [...new TextDecoder().decode(text)];
    for (;;) {
      let best = -1;
      let bestRank = Number.POSITIVE_INFINITY;
      for (let i = 0; i + 1 < pieces.length; i++) {
        const rank = this.#rank.get(pieces[i]! + pieces[i + 1]!);
        if (rank !== undefined && rank < bestRank) {
          best = i;
          bestRank = rank;
        }
      }
      if (best < 0) break;
      pieces.splice(best, 2, pieces[best]! + pieces[best + 1]!);
    }
    return pieces.map((piece) => this.#row.get(piece)!);
  }

  covers(): boolean {
    return true;
  }
}

class ToyNode implements ScorerNode {
  readonly token: number;
  readonly parent: ToyNode | null;
  readonly depth: number;
  constructor(parent: ToyNode | null, token: number) {
    this.parent = parent;
    this.token = token;
    this.depth = parent ? parent.depth + 1 : 0;
  }
}

/** A language model whose logits come from a hash of the last three tokens. Counts rows and cached nodes. */
export class ToyScorer implements TokenScorer {
  readonly vocab: ByteVocab;
  rows = 0;
  calls = 0;
  readonly cached = new Set<ScorerNode>();
  #seed: number;
  #sharpness: number;

  constructor(vocab: ByteVocab, seed = 1, sharpness = 6) {
    this.vocab = vocab;
    this.#seed = seed;
    this.#sharpness = sharpness;
  }

  child(parent: ScorerNode | null, token: number): ScorerNode {
    return new ToyNode(parent as ToyNode | null, token);
  }

  /** log-probabilities after a path: the plain definition that oracles use as well. */
  logProbs(node: ScorerNode): Float64Array {
    const key = [this.#seed];
    for (let at: ScorerNode | null = node, n = 0; at && n < 3; at = at.parent, n++) key.push(at.token);
    const logits = Float64Array.from({ length: this.vocab.size }, (_, row) => this.#sharpness * hash01(...key, row));
    const out = new Float64Array(logits.length);
    logSoftmax(logits, out);
    return out;
  }

  async evaluate(wanted: readonly ScorerNode[]): Promise<TokenDistribution[]> {
    this.calls++;
    return wanted.map((node) => {
      this.rows++;
      for (let at: ScorerNode | null = node; at && !this.cached.has(at); at = at.parent) this.cached.add(at);
      const logProbs = this.logProbs(node);
      return {
        logProb: (row: number) => logProbs[row]!,
        logMass: ({ lo, hi }: Interval) => {
          let mass = 0;
          for (let row = lo; row < hi; row++) mass += Math.exp(logProbs[row]!);
          return Math.min(0, Math.log(mass));
        },
      };
    });
  }

  isCached(node: ScorerNode): boolean {
    return this.cached.has(node);
  }

  release(nodes: Iterable<ScorerNode>): void {
    for (const node of nodes) this.cached.delete(node);
  }
}

export class ToyAlphabet implements Alphabet {
  readonly size: number;
  readonly hash = 'toy-alphabet';
  #tokens: Uint8Array[];
  /** A text per token id; the empty text is a special token. Bytes may be given as arrays: unfinished characters. */
  constructor(tokens: readonly (string | readonly number[])[]) {
    const encoder = new TextEncoder();
    this.#tokens = tokens.map((token) => (typeof token === 'string' ? encoder.encode(token) : Uint8Array.from(token)));
    this.size = tokens.length;
  }
  bytesOf(id: number): Uint8Array {
    return this.#tokens[id]!;
  }
}

/** A recognizer whose distribution comes from a hash of the last two tokens and the step. Deterministic. */
export class ToyRecognizer implements StepwiseSource {
  readonly unit: StepwiseUnit;
  /** Beams alive, as token sequences. */
  beams: number[][] = [];
  #tokens: number;
  #seed: number;
  #width = 0;
  #step = 0;
  #sharpness: number;

  constructor(tokens: number, options: { seed?: number; stepsMax?: number; sharpness?: number } = {}) {
    this.#tokens = tokens;
    this.#seed = options.seed ?? 7;
    this.#sharpness = options.sharpness ?? 4;
    const stepsMax = options.stepsMax ?? 6;
    this.unit = { index: 0, language: 'en', startMs: 0, endMs: 1000, stepsMax, previousText: '' };
  }

  /** Log-probabilities of every token and, last, of the end of text, after a sequence. */
  logProbs(sequence: readonly number[]): Float32Array {
    const key = [this.#seed, sequence.length, sequence.at(-1) ?? -1, sequence.at(-2) ?? -1];
    const logits = Float64Array.from({ length: this.#tokens + 1 }, (_, id) => this.#sharpness * hash01(...key, id));
    const out = new Float32Array(logits.length);
    logSoftmax(logits, out);
    return out;
  }

  async start(width: number): Promise<StepCandidates> {
    this.#width = width;
    this.#step = 0;
    this.beams = [[]];
    return this.#candidates();
  }

  async advance(picks: readonly BeamPick[]): Promise<StepCandidates> {
    this.beams = picks.map(({ beam, token }) => [...this.beams[beam]!, token]);
    this.#step++;
    return this.#candidates();
  }

  #candidates(): StepCandidates {
    const beams = this.beams.map((sequence): BeamCandidates => {
      const all = this.logProbs(sequence);
      const ids = Int32Array.from({ length: this.#tokens }, (_, id) => id);
      ids.sort((a, b) => all[b]! - all[a]! || a - b);
      const best = ids.subarray(0, this.#width);
      return { ids: best, logProbs: Float32Array.from(best, (id) => all[id]!), endLogProb: all[this.#tokens]! };
    });
    return { step: this.#step, beams };
  }
}

/** The parts that most tests use: overlapping pieces, a character of two bytes, and one of three in parts. */
export const TOY_PIECES = ['a', 'b', 'c', ' ', 'é', '中', 'ab', 'bc', 'abc', ' a', 'ca', 'b中', '中é'] as const;
export const TOY_TOKENS = ['a', 'b', 'ab', ' c', 'é', [0xe4, 0xb8], [0xad], '', 'bc', 'ca'] as const;
