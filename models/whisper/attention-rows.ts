import { alignmentCost, firstColumns } from './alignment.ts';
import type { EncodedWindow } from './encoder.ts';
import { TIMESTAMP_STEP_SECONDS } from './whisper-tokens.ts';

/** Cross-attention of the alignment heads, token by token: the row of a token tells where the next one is heard. */
export class AttentionRows {
  readonly #frames: number;
  readonly #realFrames: number;
  /** Per row `[heads, realFrames]`. */
  readonly #rows: Float32Array[];

  constructor({ frames, realFrames }: Pick<EncodedWindow, 'frames' | 'realFrames'>, rows: Float32Array[] = []) {
    this.#frames = frames;
    this.#realFrames = realFrames;
    this.#rows = rows;
  }

  /** The first `count` rows, for a text that goes on otherwise. */
  fork(count: number): AttentionRows {
    return new AttentionRows({ frames: this.#frames, realFrames: this.#realFrames }, this.#rows.slice(0, count));
  }

  /** @param align `[heads, tokens, frames]` */
  add(align: Float32Array, tokens: number, row: number): void {
    const heads = align.length / (tokens * this.#frames);
    const own = new Float32Array(heads * this.#realFrames);
    for (let head = 0; head < heads; head++) {
      const from = (head * tokens + row) * this.#frames;
      own.set(align.subarray(from, from + this.#realFrames), head * this.#realFrames);
    }
    this.#rows.push(own);
  }

  /** Where each of the first `count` tokens attends to most, in seconds. */
  attended(count: number): number[] {
    return this.#rows.slice(0, count).map((row) => {
      let best = 0;
      let most = -1;
      for (let frame = 0; frame < this.#realFrames; frame++) {
        let sum = 0;
        for (let at = frame; at < row.length; at += this.#realFrames) sum += row[at]!;
        if (sum > most) {
          most = sum;
          best = frame;
        }
      }
      return best * TIMESTAMP_STEP_SECONDS;
    });
  }

  /**
   * Where each of the first `count` tokens begins, and where the last one ends, in seconds: dynamic time warping, as for
   * finished text (word-timing.ts); the end is the last row's place, or the audio's.
   */
  times(count: number): Float64Array {
    const times = new Float64Array(count + 1).fill(this.#realFrames * TIMESTAMP_STEP_SECONDS);
    const rows = Math.min(this.#rows.length, count + 1);
    if (rows === 0 || this.#realFrames === 0) return times;
    const heads = this.#rows[0]!.length / this.#realFrames;
    const attention = new Float32Array(heads * rows * this.#realFrames);
    for (let row = 0; row < rows; row++) {
      for (let head = 0; head < heads; head++) {
        const own = this.#rows[row]!.subarray(head * this.#realFrames, (head + 1) * this.#realFrames);
        attention.set(own, (head * rows + row) * this.#realFrames);
      }
    }
    const shape = { heads, tokens: rows, frames: this.#realFrames, realFrames: this.#realFrames };
    const first = firstColumns(alignmentCost(attention, shape), rows, this.#realFrames);
    for (let row = 0; row < rows; row++) times[row] = first[row]! * TIMESTAMP_STEP_SECONDS;
    return times;
  }
}
