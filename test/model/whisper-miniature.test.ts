/**
 * Random-weight files with the shapes of tiny, large-v3 and turbo (layers, heads, mel bins and tokens as they are; wide
 * ones made narrow so that continuous integration can hold them) and in every type that CTranslate2 writes: each is
 * converted, run, and held to a plain forward of the same file.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { importWhisper } from '../../models/convert/whisper-import.ts';
import type { DecoderPrecision } from '../../models/convert/whisper-weights.ts';
import { readWhisperModelFile, type WhisperDims } from '../../models/whisper/whisper-model.ts';
import { PlainWhisper } from '../golden/plain-whisper.ts';
import { type Quantization, writeWhisperFolder } from '../support/ctranslate2-writer.ts';
import { WhisperGraphs } from '../support/whisper-graphs.ts';

const COMMON = { audioCtx: 1500, textCtx: 448 };
const TINY: WhisperDims = {
  ...COMMON,
  nMels: 80,
  nVocab: 51_865,
  dModel: 384,
  heads: 6,
  encoderLayers: 4,
  decoderLayers: 4,
};
const NARROW_LARGE_V3: WhisperDims = {
  ...COMMON,
  nMels: 128,
  nVocab: 51_866,
  dModel: 160,
  heads: 20,
  encoderLayers: 32,
  decoderLayers: 32,
};
const NARROW_TURBO: WhisperDims = { ...NARROW_LARGE_V3, decoderLayers: 4 };
const TOY: WhisperDims = {
  ...COMMON,
  nMels: 80,
  nVocab: 1600,
  dModel: 64,
  heads: 4,
  encoderLayers: 2,
  decoderLayers: 2,
};

/** Largest share of the largest value by which outputs may differ. Seen: f32 2e-6, q8 0.03, mixed 0.01. */
const TOLERANCE: Record<DecoderPrecision, number> = { f32: 1e-4, q8: 0.1, mixed: 0.05 };

describe('a Whisper file of any size and type becomes graphs that compute what its weights say', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bytefuse-miniature-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const shapes: [string, WhisperDims, Quantization][] = [
    ['tiny', TINY, 'float16'],
    ['large-v3', NARROW_LARGE_V3, 'float16'],
    ['turbo', NARROW_TURBO, 'float16'],
  ];
  const types: Quantization[] = ['float32', 'float16', 'bfloat16', 'int8', 'int8_float16', 'int16'];
  const cases = [...shapes, ...types.map((type) => [`toy ${type}`, TOY, type] as const)];
  for (const [name, dims, quantization] of cases) {
    it(`${name} (${quantization})`, async (t) => {
      const folder = join(dir, name);
      const source = writeWhisperFolder(folder, dims, quantization);
      const plain = new PlainWhisper(source.modelBin);
      const sourceBytes = (await stat(source.modelBin)).size;
      for (const precision of ['f32', 'q8', 'mixed'] as const) {
        const out = join(folder, precision);
        const encoderPrecision = precision === 'mixed' ? 'f32' : precision;
        await importWhisper(source, out, { encoderPrecision, decoderPrecision: precision });
        const file = await readWhisperModelFile(out);
        assert.deepEqual(file.dims, dims);
        const difference = await compareForward(plain, out, dims, file.alignmentHeads.length);
        t.diagnostic(`${name} ${precision}: largest relative difference ${difference.toExponential(1)}`);
        assert(difference < TOLERANCE[precision], `${precision}: ${difference}`);
        await rm(out, { recursive: true });
      }
      t.diagnostic(`${name}: ${(sourceBytes / 1e6).toFixed(1)} MB`);
      await rm(folder, { recursive: true });
    });
  }
});

async function compareForward(plain: PlainWhisper, dir: string, dims: WhisperDims, aligned: number): Promise<number> {
  const graphs = await WhisperGraphs.open(dir, dims);
  try {
    const length = 24;
    const mel = Float32Array.from({ length: dims.nMels * length }, (_, i) => Math.sin(i * 0.7) + Math.cos(i / 11));
    const keep = [0, 1, 2, 3, 5, 8, 11, 11];
    const position = [0, 1, 2, 3, 5, 8, 700, 1499];
    const bias = [0, 0, 0, 0, 0, 0, Math.log(8), Math.log(8)];
    const encoded = await graphs.encode({ mel, length, keep, position, bias });
    const states = plain.encode(mel, length, keep, position, bias);
    const tree = graphs.tree(encoded, bias, 4);
    const tokens = [dims.nVocab - 1510, 7, dims.nVocab - 1];
    const first = await tree.step([{ token: tokens[0]!, position: 0, sees: [] }], [0]);
    const rest = await tree.step(
      [
        { token: tokens[1]!, position: 1, sees: [0] },
        { token: tokens[2]!, position: 2, sees: [0, 1] },
      ],
      [0, 1],
    );
    assert.deepEqual(rest['align']!.dims, [aligned, 2, keep.length]);
    const logits = plain.decode(states, tokens, bias);
    const found = new Float32Array(logits.length);
    found.set(first['logits']!.data as Float32Array);
    found.set(rest['logits']!.data as Float32Array, dims.nVocab);
    const statesDifference = relativeDifference(encoded['states']!.data as Float32Array, states);
    return Math.max(statesDifference, relativeDifference(found, logits));
  } finally {
    await graphs.dispose();
  }
}

function relativeDifference(found: Float32Array, expected: Float64Array): number {
  assert.equal(found.length, expected.length);
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    difference = Math.max(difference, Math.abs(found[i]! - expected[i]!));
    assert(!Number.isNaN(found[i]), `value ${i} is not a number`);
  }
  return difference / largest;
}
