import { BLOCK_SIZE, type QuantizedMatrix } from './graph-builder.ts';
import type { TensorSource } from './weight-source.ts';

/** A byte of this value stands for zero: MatMulNBits' default zero point at 8 bits. */
export const ZERO_POINT = 128;

/**
 * Rounds values to 8-bit blocks of 32, symmetric about the zero point: scale = largest magnitude / 127.
 * @param values f32 [blocks * 32]
 * @param q8 uint8 [blocks * 32], written
 * @param scales f32 [blocks], written
 */
export function quantizeBlocks(values: Float32Array, q8: Uint8Array, scales: Float32Array): void {
  const blocks = values.length / BLOCK_SIZE;
  if (!Number.isInteger(blocks) || q8.length < values.length || scales.length < blocks) {
    throw new RangeError(`Quantizing ${values.length} values needs whole blocks of ${BLOCK_SIZE} and room for them`);
  }
  for (let block = 0; block < blocks; block++) {
    const start = block * BLOCK_SIZE;
    const end = start + BLOCK_SIZE;
    let largest = 0;
    for (let i = start; i < end; i++) {
      const magnitude = Math.abs(values[i]!);
      if (magnitude > largest) largest = magnitude;
    }
    // The scale as stored (f32) is the one that values are divided by, or rounding would disagree with the reader.
    const scale = Math.fround(largest / 127);
    scales[block] = scale;
    const inverse = scale > 0 ? 1 / scale : 0;
    for (let i = start; i < end; i++) {
      // The bounds matter only for subnormal scales, which are rounded coarsely.
      q8[i] = Math.min(255, Math.max(1, Math.round(values[i]! * inverse) + ZERO_POINT));
    }
  }
}

/** f32 values of a matrix, row by row, in chunks of whole rows. The consumer is done with a chunk when it asks on. */
export type RowChunks = () => Iterable<Float32Array> | AsyncIterable<Float32Array>;

/**
 * A matrix of f32 rows in 8-bit blocks. The rows are read twice, once for the bytes and once for the scales, so that
 * nothing larger than a chunk is held.
 * @param cols a multiple of 32
 */
export function quantizedMatrix(rows: number, cols: number, rowChunks: RowChunks): QuantizedMatrix {
  if (cols % BLOCK_SIZE !== 0) throw new RangeError(`${cols} columns are not a multiple of ${BLOCK_SIZE}`);
  const blocks = (rows * cols) / BLOCK_SIZE;
  const pass = (pick: (q8: Uint8Array, scales: Float32Array) => Uint8Array): TensorSource['chunks'] =>
    async function* () {
      let q8 = new Uint8Array(0);
      let scales = new Float32Array(0);
      for await (const values of rowChunks()) {
        if (q8.length !== values.length) {
          q8 = new Uint8Array(values.length);
          scales = new Float32Array(values.length / BLOCK_SIZE);
        }
        quantizeBlocks(values, q8, scales);
        yield pick(q8, scales);
      }
    };
  return {
    rows,
    cols,
    q8: { byteLength: rows * cols, chunks: pass((q8) => q8) },
    scales: { byteLength: blocks * 4, chunks: pass((_, s) => new Uint8Array(s.buffer, s.byteOffset, s.byteLength)) },
  };
}
