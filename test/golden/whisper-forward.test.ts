import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DEFAULT_PRECISION, importWhisper, type WhisperSource } from '../../models/convert/whisper-import.ts';
import type { WhisperPrecision } from '../../models/convert/whisper-weights.ts';
import { readWhisperModelFile } from '../../models/whisper/whisper-model.ts';
import { type EncoderFeeds, WhisperGraphs } from '../support/whisper-graphs.ts';
import { NO_WEIGHTS, whisperBaseSource } from '../support/whisper-weights.ts';
import { PlainWhisper } from './plain-whisper.ts';

/** The full window takes the plain loops two to three minutes of an idle machine. Seen: states 4e-4, log-probabilities 2e-5. */
const FULL_WINDOW = process.env['BYTEFUSE_GOLDEN_FULL'] === '1';

const source = await whisperBaseSource();
const PROMPT = [50258, 50259, 50359, 50363];
/** " Hello world" and " Hello there": two texts that part after their first token. */
const FIRST = [...PROMPT, 2425, 1002, 13];
const SECOND = [...PROMPT, 2425, 456];

describe('the Whisper graphs against a plain forward of the same weights', {
  skip: source === null && NO_WEIGHTS,
}, () => {
  let dir: string;
  let plain: PlainWhisper;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bytefuse-golden-'));
    plain = new PlainWhisper((source as WhisperSource).modelBin);
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const convert = async (encoder: WhisperPrecision, decoder: WhisperPrecision): Promise<WhisperGraphs> => {
    const out = join(dir, `${encoder}-${decoder}`);
    await importWhisper(source as WhisperSource, out, { encoderPrecision: encoder, decoderPrecision: decoder });
    return WhisperGraphs.open(out, (await readWhisperModelFile(out)).dims);
  };

  it('gives its states and log-probabilities in full precision, with merged padding', async (t) => {
    const { states, logProbs } = await compare(plain, await convert('f32', 'f32'), mergedFeeds());
    t.diagnostic(`f32: states ${states.text}, log-probabilities ${logProbs.text}`);
    // Seen: states 1e-5, log-probabilities 2e-5: sums of 2,048 products in single against double precision.
    assert(states.largest < 1e-3, `states: ${states.text}`);
    assert(logProbs.largest < 1e-3, `log-probabilities: ${logProbs.text}`);
  });

  it('comes close with the precision that is the default', async (t) => {
    const graphs = await convert(DEFAULT_PRECISION.encoder, DEFAULT_PRECISION.decoder);
    const { states, logProbs } = await compare(plain, graphs, mergedFeeds());
    t.diagnostic(`default: states ${states.text}, log-probabilities ${logProbs.text}`);
    assert(states.largest < 1e-3, `states: ${states.text}`);
    // Seen: log-probabilities 0.3 at most (of tokens at -12), 0.05 on average: rounding to 8 bits.
    assert(logProbs.mean < 0.1, `log-probabilities: ${logProbs.text}`);
    assert(logProbs.largest < 0.8, `log-probabilities: ${logProbs.text}`);
  });

  it('gives its states and log-probabilities over the whole window', {
    skip: !FULL_WINDOW && 'takes minutes; set BYTEFUSE_GOLDEN_FULL=1',
  }, async (t) => {
    const all = Array.from({ length: 1500 }, (_, i) => i);
    const feeds = { mel: toyMel(3000), length: 3000, keep: all, position: all, bias: all.map(() => 0) };
    const { states, logProbs } = await compare(plain, await convert('f32', 'f32'), feeds);
    t.diagnostic(`f32, 1500 frames: states ${states.text}, log-probabilities ${logProbs.text}`);
    assert(states.largest < 1e-3, `states: ${states.text}`);
    assert(logProbs.largest < 1e-3, `log-probabilities: ${logProbs.text}`);
  });
});

/** Two texts as one tree, in two calls, against each text on its own. */
async function compare(plain: PlainWhisper, graphs: WhisperGraphs, feeds: EncoderFeeds) {
  try {
    const encoded = await graphs.encode(feeds);
    const plainStates = plain.encode(feeds.mel, feeds.length, feeds.keep, feeds.position, feeds.bias);
    const states = new Difference(plain.dModel).add(encoded['states']!.data as Float32Array, plainStates);

    const tree = graphs.tree(encoded, feeds.bias, 16);
    const start = await tree.step(
      FIRST.slice(0, 5).map((token, i) => ({ token, position: i, sees: FIRST.slice(0, i).map((_, seen) => seen) })),
      [3, 4],
    );
    const branch = await tree.step(
      [
        { token: SECOND[5]!, position: 5, sees: [0, 1, 2, 3, 4] },
        { token: FIRST[5]!, position: 5, sees: [0, 1, 2, 3, 4] },
        { token: FIRST[6]!, position: 6, sees: [0, 1, 2, 3, 4, 6] },
      ],
      [2, 0, 1],
    );
    const first = plain.decode(plainStates, FIRST, feeds.bias);
    const second = plain.decode(plainStates, SECOND, feeds.bias);
    const at = (all: Float64Array, row: number): Float64Array =>
      all.subarray(row * plain.nVocab, (row + 1) * plain.nVocab);
    const expected = [at(first, 3), at(first, 4), at(first, 6), at(second, 5), at(first, 5)];
    const found = [...(start['logits']!.data as Float32Array), ...(branch['logits']!.data as Float32Array)];
    const logProbs = new Difference(plain.nVocab);
    for (const [row, values] of expected.entries()) {
      const row32 = Float32Array.from(found.slice(row * plain.nVocab, (row + 1) * plain.nVocab));
      logProbs.add(logSoftmaxOf(row32), logSoftmaxOf(values));
    }
    return { states, logProbs };
  } finally {
    await graphs.dispose();
  }
}

/** Natural logs; in place. */
function logSoftmaxOf<T extends Float32Array | Float64Array>(logits: T): T {
  const largest = (logits as Float64Array).reduce((max, value) => Math.max(max, value), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  for (let i = 0; i < logits.length; i++) logits[i] = logits[i]! - largest - Math.log(sum);
  return logits;
}

class Difference {
  readonly #rowLength: number;
  #largest = 0;
  #sum = 0;
  #count = 0;
  #where = '';

  constructor(rowLength: number) {
    this.#rowLength = rowLength;
  }

  add(found: Float32Array, expected: Float64Array): this {
    assert.equal(found.length, expected.length);
    for (let i = 0; i < expected.length; i++) {
      const difference = Math.abs(found[i]! - expected[i]!);
      assert(!Number.isNaN(difference), `value ${i} is not a number`);
      if (difference > this.#largest) {
        this.#largest = difference;
        const place = `row ${Math.floor((this.#count + i) / this.#rowLength)}, column ${i % this.#rowLength}`;
        this.#where = `${place}: found ${found[i]}, expected ${expected[i]}`;
      }
      this.#sum += difference;
    }
    this.#count += expected.length;
    return this;
  }

  get largest(): number {
    return this.#largest;
  }

  get mean(): number {
    return this.#sum / this.#count;
  }

  get text(): string {
    return `largest difference ${this.#largest.toExponential(1)}, mean ${this.mean.toExponential(1)} (${this.#where})`;
  }
}

/** Real frames, then every fourth of a stretch of padding at its own position, each standing for four. */
function mergedFeeds(): EncoderFeeds {
  const dense = Array.from({ length: 60 }, (_, i) => i);
  const thinned = Array.from({ length: 20 }, (_, i) => 60 + 4 * i);
  return {
    mel: toyMel(130),
    length: 130,
    keep: [...dense, ...thinned.map(() => 62)],
    position: [...dense, ...thinned],
    bias: [...dense.map(() => 0), ...thinned.map(() => Math.log(4))],
  };
}

/** Something of the size and smoothness of a log-mel spectrogram, then constant padding. [80, length] */
function toyMel(length: number): Float32Array {
  const mel = new Float32Array(80 * length).fill(-0.6);
  for (let band = 0; band < 80; band++) {
    for (let frame = 0; frame < Math.min(length, 110); frame++) {
      const formant = Math.cos(band / 7 + Math.sin(frame / 9)) * Math.cos(frame / 4 + band / 31);
      mel[band * length + frame] = 0.2 + 0.8 * formant;
    }
  }
  return mel;
}
