import assert from 'node:assert/strict';
import { existsSync, truncateSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ModelProto } from '../../../../models/convert/onnx-proto.ts';
import { WHISPER_CONVERTER } from '../../../../models/convert/whisper-converter.ts';
import { importWhisper, type WhisperSource } from '../../../../models/convert/whisper-import.ts';
import { AppError, type ErrorCode } from '../../../../models/core/app-error.ts';
import { readWhisperModelFile, type WhisperDims } from '../../../../models/whisper/whisper-model.ts';
import {
  ctranslate2Bytes,
  floats,
  scalar,
  toyTokenizer,
  type Variable,
  whisperVariables,
  writeWhisperFolder,
} from '../../../support/ctranslate2-writer.ts';

const TOY: WhisperDims = {
  nMels: 8,
  nVocab: 1530,
  dModel: 32,
  heads: 2,
  encoderLayers: 1,
  decoderLayers: 2,
  audioCtx: 20,
  textCtx: 10,
};

describe('importWhisper', () => {
  let dir: string;
  let source: WhisperSource;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bytefuse-import-'));
    source = writeWhisperFolder(join(dir, 'source'), TOY, 'float16');
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const rejects = async (given: WhisperSource, code: ErrorCode, message: RegExp): Promise<void> => {
    const out = join(dir, 'rejected');
    await assert.rejects(importWhisper(given, out), (error) => {
      assert(error instanceof AppError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    });
    assert(!existsSync(out) || (await readdir(out)).length === 0, 'nothing is left behind');
  };
  const changed = async (change: (variables: Variable[]) => Variable[]): Promise<WhisperSource> => {
    const modelBin = join(dir, 'changed.bin');
    await writeFile(modelBin, ctranslate2Bytes({ variables: change(whisperVariables(TOY, 'float32')) }));
    return { ...source, modelBin };
  };
  const replaced = (variable: Variable): Promise<WhisperSource> =>
    changed((all) => all.map((old) => (old.name === variable.name ? variable : old)));

  it('writes both graphs, their weights, the tokenizer and a description', async () => {
    const out = join(dir, 'out');
    const progress: number[] = [];
    await importWhisper(source, out, { onProgress: (done, total) => progress.push(done / total) });
    const names = ['encoder.onnx', 'encoder.onnx.data', 'decoder.onnx', 'decoder.onnx.data'];
    assert.deepEqual((await readdir(out)).sort(), [...names, 'model.json', 'tokenizer.json'].sort());
    assert.deepEqual(await readFile(join(out, 'tokenizer.json')), await readFile(source.tokenizer));
    const file = await readWhisperModelFile(out);
    assert.deepEqual(file.dims, TOY);
    assert.match(file.sourceSha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(file.suppressIds, [1, 2]);
    // No heads are named: those of the upper half of the layers.
    assert.deepEqual(file.alignmentHeads, [
      [1, 0],
      [1, 1],
    ]);
    const { tokens, precision } = JSON.parse(await readFile(join(out, 'model.json'), 'utf8'));
    const first = TOY.nVocab - 1501 - 11;
    assert.deepEqual(tokens.languages, { en: first + 2, zh: first + 3, tr: first + 4 });
    assert.equal(tokens.timestampBegin + 1501, TOY.nVocab);
    assert.deepEqual(precision, { encoder: 'f32', decoder: 'q8' });
    assert(progress.length > 0 && progress.every((share, i) => share > 0 && share >= (progress[i - 1] ?? 0)));
    assert(progress.at(-1)! > 0.9 && progress.at(-1)! <= 1);
  });

  it('rejects weights that a Whisper does not have', async () => {
    const noHeads = (all: Variable[]): Variable[] => all.filter(({ name }) => name !== 'decoder/num_heads');
    await rejects(await changed(noHeads), 'model_format', /no variable decoder\/num_heads/);
    await rejects(await replaced(scalar('decoder/activation', 0)), 'model_format', /activation is 0, expected 3/);
    await rejects(await replaced(scalar('decoder/num_heads', 5)), 'model_format', /num_heads is 2, expected 5/);
    const norm = floats('encoder/layer_norm/gamma', [16], new Float32Array(16));
    await rejects(await replaced(norm), 'model_corrupt', /encoder\/layer_norm\/gamma: found \[16\], expected \[32\]/);
    const weight = floats('decoder/layer_1/ffn/linear_1/weight', [32, 64], new Float32Array(2048));
    await rejects(await replaced(weight), 'model_corrupt', /found \[32, 64\], expected \[32, 128\]/);
    const noBias = (all: Variable[]): Variable[] => all.filter(({ name }) => name !== 'encoder/conv2/bias');
    await rejects(await changed(noBias), 'model_format', /no variable encoder\/conv2\/bias/);
  });

  it('rejects companions that are absent, no JSON, or of another model', async () => {
    await rejects({ ...source, tokenizer: join(dir, 'no.json') }, 'file_not_found', /no\.json does not exist/);
    const other = join(dir, 'other.json');
    await writeFile(other, '{"a": ');
    await rejects({ ...source, config: other }, 'model_format', /other\.json is not JSON/);
    await writeFile(other, '[]');
    await rejects({ ...source, config: other }, 'model_format', /expected an object/);
    await writeFile(other, '{"suppress_ids": [1530]}');
    await rejects({ ...source, config: other }, 'model_format', /suppress_ids must be token ids below 1530/);
    await writeFile(other, '{"alignment_heads": [[1, 1], [2, 0]]}');
    await rejects({ ...source, config: other }, 'model_format', /a layer below 2 and a head below 2/);
    await writeFile(other, JSON.stringify(toyTokenizer(5000)));
    await rejects({ ...source, tokenizer: other }, 'model_format', /1530 tokens, the tokenizer needs 6512/);
    await writeFile(other, '{"added_tokens": [{"id": 3, "content": "<|notimestamps|>"}]}');
    await rejects({ ...source, tokenizer: other }, 'model_format', /no special token/);
  });

  it('keeps the order of alignment heads by layer, whatever the file says', async () => {
    const config = join(dir, 'heads.json');
    await writeFile(config, '{"alignment_heads": [[1, 1], [0, 1], [1, 0]]}');
    await importWhisper({ ...source, config }, join(dir, 'heads'));
    const { alignmentHeads } = await readWhisperModelFile(join(dir, 'heads'));
    assert.deepEqual(alignmentHeads, [
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
  });

  it('leaves nothing behind when it is canceled, or when the file shrinks while it is read', async () => {
    const out = join(dir, 'canceled');
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: () => controller.abort() };
    await assert.rejects(importWhisper(source, out, options), { code: 'canceled' });
    assert.deepEqual(await readdir(out), []);

    const shrinking = await changed((all) => all);
    await assert.rejects(importWhisper(shrinking, out, { onProgress: () => truncateSync(shrinking.modelBin, 5000) }), {
      code: 'model_corrupt',
      message: /shrank/,
    });
    assert.deepEqual(await readdir(out), []);
  });

  it('takes the blocks of an 8-bit file as they are', async () => {
    const out = join(dir, 'int8');
    await importWhisper(writeWhisperFolder(join(dir, 'int8-source'), TOY, 'int8'), out);
    const { graph } = ModelProto.toObject(ModelProto.decode(await readFile(join(out, 'decoder.onnx')))) as {
      graph: { initializer: { name: string; externalData: { value: string }[] }[] };
    };
    const data = await readFile(join(out, 'decoder.onnx.data'));
    const bytesOf = (name: string): Uint8Array => {
      const [, offset, length] = graph.initializer.find((tensor) => tensor.name === name)!.externalData;
      return new Uint8Array(data.subarray(Number(offset!.value), Number(offset!.value) + Number(length!.value)));
    };
    const name = 'decoder/layer_0/self_attention/linear_0/weight';
    const variables = whisperVariables(TOY, 'int8');
    const stored = new Int8Array(new Uint8Array(variables.find((variable) => variable.name === name)!.data).buffer);
    assert.deepEqual(
      [...bytesOf(`${name}.q8`)],
      [...stored].map((value) => value + 128),
    );
    const fileScales = variables.find((variable) => variable.name === `${name}_scale`)!.data;
    const expected = [...new Float32Array(new Uint8Array(fileScales).buffer)];
    const scales = new Float32Array(bytesOf(`${name}.scales`).buffer);
    // 32 columns make one block a row; the query's 32 rows have the attention's scale in them.
    for (const [row, scale] of scales.entries()) {
      const factor = row < 32 ? Math.SQRT1_2 / Math.sqrt(8) : 1;
      assert(Math.abs((scale * expected[row]!) / factor - 1) < 1e-6, `row ${row}`);
    }
  });

  it('serves the models room as a converter', async () => {
    const out = join(dir, 'converter');
    const job = {
      files: { 'model.bin': source.modelBin, 'config.json': source.config, 'tokenizer.json': source.tokenizer },
      sha256: { 'model.bin': 'ab'.repeat(32) },
      outDir: out,
      options: { decoderPrecision: 'f32' },
      onProgress: () => {},
    };
    await WHISPER_CONVERTER.convert(job);
    const { sourceSha256, precision } = JSON.parse(await readFile(join(out, 'model.json'), 'utf8'));
    assert.equal(sourceSha256, 'ab'.repeat(32));
    assert.deepEqual(precision, { encoder: 'f32', decoder: 'f32' });
    const wrong = { ...job, options: { decoderPrecision: 'q3' } };
    await assert.rejects(WHISPER_CONVERTER.convert(wrong), {
      code: 'invalid_option',
      message: /q3, expected one of f32, q8, mixed/,
    });
    await assert.rejects(WHISPER_CONVERTER.convert({ ...job, files: {} }), { code: 'model_format' });
  });
});
