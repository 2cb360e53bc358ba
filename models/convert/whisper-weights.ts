import { AppError } from '../core/app-error.ts';
import type { WhisperDims } from '../whisper/whisper-model.ts';
import type { CTranslate2File } from './ctranslate2.ts';
import { BLOCK_SIZE, type GraphBuilder, type QuantizedMatrix } from './graph-builder.ts';
import { quantizedMatrix, ZERO_POINT } from './quant-blocks.ts';
import { CHUNK_BYTES, type TensorSource } from './weight-source.ts';

/** How matrices are stored and multiplied. `f32`: as they are. `q8`: 8-bit blocks of 32. */
export type WhisperPrecision = 'f32' | 'q8';

/** `mixed`: the layers in f32, the vocabulary's matrix, which is most of what a step reads, in 8 bits. */
export type DecoderPrecision = WhisperPrecision | 'mixed';

/** CTranslate2's number for the exact GELU (erf). */
const ACTIVATION_GELU = 3;

/** Reads the sizes and checks that the model is one that the graphs can express. Errors: model_format, model_corrupt. */
export async function readWhisperDims(file: CTranslate2File): Promise<WhisperDims> {
  const [dModel = 0, nMels = 0] = file.variable('encoder/conv1/weight').dims;
  const [audioCtx = 0] = file.variable('encoder/position_encodings/encodings').dims;
  const [textCtx = 0] = file.variable('decoder/position_encodings/encodings').dims;
  const [nVocab = 0] = file.variable('decoder/embeddings/weight').dims;
  const heads = await file.integer('decoder/num_heads');
  await expectScalar(file, 'encoder/num_heads', heads);
  for (const part of ['encoder', 'decoder']) {
    await expectScalar(file, `${part}/pre_norm`, 1);
    await expectScalar(file, `${part}/activation`, ACTIVATION_GELU);
  }
  await expectScalar(file, 'decoder/scale_embeddings', 0);
  await expectScalar(file, 'decoder/start_from_zero_embedding', 0);
  if (heads < 1 || dModel % heads !== 0 || dModel % BLOCK_SIZE !== 0 || dModel === 0) {
    const expected = `expected a multiple of ${BLOCK_SIZE} that ${heads} heads divide`;
    throw new AppError('model_corrupt', `${file.path}: the width of the model is ${dModel}, ${expected}`);
  }
  const encoderLayers = countLayers(file, 'encoder');
  const decoderLayers = countLayers(file, 'decoder');
  return { nMels, nVocab, dModel, heads, encoderLayers, decoderLayers, audioCtx, textCtx };
}

async function expectScalar(file: CTranslate2File, name: string, expected: number): Promise<void> {
  // Files of older converters leave out what has its usual value.
  if (!file.has(name)) return;
  const found = await file.integer(name);
  if (found !== expected) {
    throw new AppError('model_format', `${file.path}: ${name} is ${found}, expected ${expected} as in every Whisper`);
  }
}

function countLayers(file: CTranslate2File, part: 'encoder' | 'decoder'): number {
  let layers = 0;
  while (file.has(`${part}/layer_${layers}/ffn/linear_0/weight`)) layers++;
  if (layers === 0) throw new AppError('model_format', `${file.path}: no ${part}/layer_0, which a Whisper model has`);
  return layers;
}

/** A range of output features of one matrix, perhaps scaled. */
export interface RowRange {
  readonly start: number;
  readonly rows: number;
  /** Factor on weights and bias; 1 where absent. */
  readonly factor?: number;
}

/** Puts a CTranslate2 file's tensors into a graph. Biases and norms are read at once, matrices while writing. */
export class WhisperWeights {
  readonly file: CTranslate2File;
  readonly dims: WhisperDims;
  readonly precision: WhisperPrecision;
  readonly #graph: GraphBuilder;

  constructor(graph: GraphBuilder, file: CTranslate2File, dims: WhisperDims, precision: WhisperPrecision) {
    this.#graph = graph;
    this.file = file;
    this.dims = dims;
    this.precision = precision;
  }

  /** LayerNormalization over the last axis; epsilon is PyTorch's default, which Whisper was trained with. */
  async layerNorm(x: string, name: string): Promise<string> {
    const size = [this.dims.dModel];
    const gamma = this.#graph.floats(await this.#vector(`${name}/gamma`, size));
    const beta = this.#graph.floats(await this.#vector(`${name}/beta`, size));
    return this.#graph.node('LayerNormalization', [x, gamma, beta], { axis: -1, epsilon: 1e-5 });
  }

  /**
   * x [n, cols] through the linear layer `name` with `rows` outputs. `ranges` stacks parts of the layer, each with its own
   * factor (the attention scale is folded into the query part this way); all of it where absent.
   */
  async linear(x: string, name: string, rows: number, cols: number, ranges?: readonly RowRange[]): Promise<string> {
    this.file.shaped(`${name}/weight`, [rows, cols]);
    const parts = ranges ?? [{ start: 0, rows }];
    const bias = this.#graph.floats(await this.#bias(`${name}/bias`, rows, parts));
    return this.matrix(x, `${name}/weight`, cols, parts, bias);
  }

  /** The same for a bare matrix, with a bias that is in the graph already. */
  async matrix(x: string, name: string, cols: number, parts: readonly RowRange[], bias?: string): Promise<string> {
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    if (this.precision === 'q8') {
      return this.#graph.quantizedLinear(x, name, this.#blocks(name, parts, rows, cols), bias);
    }
    const weight = this.#graph.weight(name, 'float32', [rows, cols], this.floatSource(name, parts, cols));
    return this.#graph.node('Gemm', bias === undefined ? [x, weight] : [x, weight, bias], { transB: 1 });
  }

  /** f32 rows of a variable, as a source for `GraphBuilder.weight`. */
  floatSource(name: string, parts: readonly RowRange[], cols: number): TensorSource {
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    const chunks = () => this.#rows(name, parts);
    return {
      byteLength: rows * cols * 4,
      async *chunks() {
        for await (const values of chunks()) {
          yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        }
      },
    };
  }

  /** Rows of an embedding matrix, [ids] -> [ids, dModel]; and logits from states by the same matrix. */
  embedding(
    name: string,
    precision: WhisperPrecision,
  ): { lookup: (ids: string) => string; project: (x: string) => string } {
    const { nVocab, dModel } = this.dims;
    const graph = this.#graph;
    const parts = [{ start: 0, rows: nVocab }];
    this.file.shaped(name, [nVocab, dModel]);
    if (precision === 'f32') {
      const table = graph.weight(name, 'float32', [nVocab, dModel], this.floatSource(name, parts, dModel));
      return {
        lookup: (ids) => graph.node('Gather', [table, ids], { axis: 0 }),
        project: (x) => graph.node('Gemm', [x, table], { transB: 1 }, { outputs: ['logits'] }),
      };
    }
    const matrix = this.#blocks(name, parts, nVocab, dModel);
    const [q8, scales] = graph.quantizedWeight(name, matrix);
    return {
      lookup: (ids) => {
        const bytes = graph.node('Cast', [graph.node('Gather', [q8, ids], { axis: 0 })], { to: 1 });
        const scale = graph.node('Unsqueeze', [graph.node('Gather', [scales, ids], { axis: 0 }), graph.ints([2])]);
        const values = graph.node('Mul', [graph.node('Sub', [bytes, graph.scalar(128)]), scale]);
        return graph.node('Reshape', [values, graph.ints([-1, dModel])]);
      },
      project: (x) => graph.matMulBlocks(x, q8, scales, matrix, undefined, { outputs: ['logits'] }),
    };
  }

  /** Blocks as they are in an 8-bit file, where a row's scale becomes that of its blocks; rounded from floats otherwise. */
  #blocks(name: string, parts: readonly RowRange[], rows: number, cols: number): QuantizedMatrix {
    const { file } = this;
    const variable = file.variable(name);
    if (variable.type !== 'i8') return quantizedMatrix(rows, cols, () => this.#rows(name, parts));
    return {
      rows,
      cols,
      q8: {
        byteLength: rows * cols,
        async *chunks() {
          for (const part of parts) {
            for await (const bytes of file.rawChunks(variable, part.start * cols, part.rows * cols, CHUNK_BYTES)) {
              // From two's complement to a byte whose zero is 128.
              for (let i = 0; i < bytes.length; i++) bytes[i] = bytes[i]! ^ ZERO_POINT;
              yield bytes;
            }
          }
        },
      },
      scales: {
        byteLength: (rows * cols * 4) / BLOCK_SIZE,
        async *chunks() {
          const stored = (await file.rowScales(name))!;
          const blocks = new Float32Array(cols / BLOCK_SIZE);
          for (const { start, rows: count, factor = 1 } of parts) {
            for (let row = start; row < start + count; row++) {
              blocks.fill(factor / stored[row]!);
              yield new Uint8Array(blocks.buffer);
            }
          }
        },
      },
    };
  }

  async #vector(name: string, dims: readonly number[]): Promise<Float32Array> {
    this.file.shaped(name, dims);
    return this.file.floats(name);
  }

  async #bias(name: string, rows: number, parts: readonly RowRange[]): Promise<Float32Array> {
    const bias = await this.#vector(name, [rows]);
    const out = new Float32Array(parts.reduce((sum, part) => sum + part.rows, 0));
    let done = 0;
    for (const { start, rows: count, factor = 1 } of parts) {
      for (let i = 0; i < count; i++) out[done + i] = bias[start + i]! * factor;
      done += count;
    }
    return out;
  }

  async *#rows(name: string, parts: readonly RowRange[]): AsyncGenerator<Float32Array> {
    for (const { start, rows, factor = 1 } of parts) {
      for await (const values of this.file.rows(name, start, rows)) {
        if (factor !== 1) for (let i = 0; i < values.length; i++) values[i] = values[i]! * factor;
        yield values;
      }
    }
  }
}
