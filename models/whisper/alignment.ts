import assert from 'node:assert/strict';

/** Width of the median filter over time, in frames. */
const MEDIAN_FRAMES = 7;

export interface AttentionShape {
  readonly heads: number;
  readonly tokens: number;
  /** Frames in a row of the attention. */
  readonly frames: number;
  /** The first so many count; the others are padding. */
  readonly realFrames: number;
}

/**
 * The cost of hearing token n in frame f, `[tokens, realFrames]`: cross-attention of the alignment heads, made to sum
 * to 1 over the real frames, standardized over the tokens, smoothed over time, averaged over the heads, and negated
 * (openai/whisper, `timing.py`).
 *
 * @param attention softmaxed weights `[heads, tokens, frames]`
 */
export function alignmentCost(attention: Float32Array, shape: AttentionShape): Float32Array {
  const { heads, tokens, frames, realFrames } = shape;
  assert(attention.length >= heads * tokens * frames, 'attention is shorter than its shape');
  const cost = new Float32Array(tokens * realFrames);
  const weights = new Float32Array(tokens * realFrames);
  for (let head = 0; head < heads; head++) {
    for (let token = 0; token < tokens; token++) {
      const from = (head * tokens + token) * frames;
      let sum = 0;
      for (let frame = 0; frame < realFrames; frame++) sum += attention[from + frame]!;
      const scale = sum > 0 ? 1 / sum : 0;
      for (let frame = 0; frame < realFrames; frame++) {
        weights[token * realFrames + frame] = attention[from + frame]! * scale;
      }
    }
    standardizeColumns(weights, tokens, realFrames);
    for (let token = 0; token < tokens; token++) {
      const row = weights.subarray(token * realFrames, (token + 1) * realFrames);
      const smooth = medianFilter(row, MEDIAN_FRAMES);
      for (let frame = 0; frame < realFrames; frame++) cost[token * realFrames + frame]! -= smooth[frame]! / heads;
    }
  }
  return cost;
}

/** Subtracts each column's mean and divides by its deviation (population form); a constant column becomes 0. */
function standardizeColumns(matrix: Float32Array, rows: number, columns: number): void {
  for (let column = 0; column < columns; column++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += matrix[row * columns + column]!;
    const mean = sum / rows;
    let squares = 0;
    for (let row = 0; row < rows; row++) squares += (matrix[row * columns + column]! - mean) ** 2;
    const deviation = Math.sqrt(squares / rows);
    for (let row = 0; row < rows; row++) {
      const at = row * columns + column;
      matrix[at] = deviation > 0 ? (matrix[at]! - mean) / deviation : 0;
    }
  }
}

/**
 * Running median of an odd `width`; the row is mirrored at both ends. A row not longer than half of it stays as it
 * is.
 */
export function medianFilter(row: Float32Array, width: number): Float32Array {
  const half = width >> 1;
  const { length } = row;
  if (length <= half) return row.slice();
  const out = new Float32Array(length);
  const around = new Float32Array(width);
  for (let i = 0; i < length; i++) {
    for (let j = 0; j < width; j++) {
      let at = i + j - half;
      if (at < 0) at = -at;
      if (at >= length) at = 2 * (length - 1) - at;
      around[j] = row[Math.max(0, at)]!;
    }
    around.sort();
    out[i] = around[half]!;
  }
  return out;
}

/**
 * Dynamic time warping: the cheapest way from the first row and column to the last that never goes back.
 * Returns for each row the first column of it on that way: non-decreasing.
 */
export function firstColumns(cost: Float32Array, rows: number, columns: number): Int32Array {
  const total = new Float64Array((rows + 1) * (columns + 1)).fill(Number.POSITIVE_INFINITY);
  const cameFrom = new Uint8Array((rows + 1) * (columns + 1));
  const width = columns + 1;
  total[0] = 0;
  for (let row = 1; row <= rows; row++) {
    for (let column = 1; column <= columns; column++) {
      const at = row * width + column;
      const diagonal = total[at - width - 1]!;
      const above = total[at - width]!;
      const left = total[at - 1]!;
      let best = left;
      let move = 2;
      if (diagonal < above && diagonal < left) {
        best = diagonal;
        move = 0;
      } else if (above < diagonal && above < left) {
        best = above;
        move = 1;
      }
      total[at] = best + cost[(row - 1) * columns + column - 1]!;
      cameFrom[at] = move;
    }
  }
  const first = new Int32Array(rows);
  let row = rows;
  let column = columns;
  while (row > 0 && column > 0) {
    first[row - 1] = column - 1;
    const move = cameFrom[row * width + column]!;
    if (move !== 2) row--;
    if (move !== 1) column--;
  }
  while (row > 0) first[--row] = 0;
  return first;
}
