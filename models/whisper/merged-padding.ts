/**
 * Merged padding: a short recording costs the encoder a fraction of its 30 s window. Whisper was trained on full
 * windows, so the padding must keep its weight: the real frames and a guard are encoded as they are; of the padded
 * frames after the guard, which all look alike, every k-th stays at its own position, and log k is added to the
 * attention scores toward it, in the encoder and in the decoder's cross-attention.
 */
export interface PaddingOptions {
  /** Padded frames that are kept one by one after the last real one. */
  readonly guardFrames: number;
  /** k: of the frames after the guard, one in so many is kept. */
  readonly every: number;
}

/** What the encoder is given. Frames are the encoder's, of 20 ms. */
export interface FramePlan {
  /** Mel frames (10 ms) to compute: the real ones, the guard, and a few for the thinned frames to look like. */
  readonly melFrames: number;
  /** Kept frames, K: indices into the convolution's output. */
  readonly keep: BigInt64Array;
  /** Their rows in the position table. */
  readonly position: BigInt64Array;
  /** log of the number of frames that each stands for. */
  readonly bias: Float32Array;
  /** Frames that hold real audio: the first so many of the kept ones. */
  readonly realFrames: number;
  /** True for the full window. */
  readonly exact: boolean;
}

/**
 * 2 s of guard and k = 8, from a trial with greedy decoding in plain f32: the error stayed that of the full window within
 * noise at about a quarter of the encoder's time, and larger k brought loops on English. In this runtime the result at
 * these values is level with the full-window peer (docs/benchmarks.md); other values were not compared.
 */
export const DEFAULT_PADDING: PaddingOptions = { guardFrames: 100, every: 8 };

/** Real and guard frames are rounded up to this many, so that the graphs meet few shapes. */
const ROUND_FRAMES = 25;
/**
 * Constant frames after the guard: one convolution output deep enough in them sees nothing else (it reaches 2 mel
 * frames to either side).
 */
const TAIL_FRAMES = 4;

/** Every frame of the window, each standing for itself. */
export function fullWindow(realMelFrames: number, audioCtx: number): FramePlan {
  const all = BigInt64Array.from({ length: audioCtx }, (_, i) => BigInt(i));
  return {
    melFrames: 2 * audioCtx,
    keep: all,
    position: all,
    bias: new Float32Array(audioCtx),
    realFrames: Math.min(audioCtx, Math.ceil(realMelFrames / 2)),
    exact: true,
  };
}

export function mergedPadding(realMelFrames: number, audioCtx: number, options: PaddingOptions): FramePlan {
  const realFrames = Math.min(audioCtx, Math.ceil(realMelFrames / 2));
  const dense = Math.ceil((realFrames + options.guardFrames) / ROUND_FRAMES) * ROUND_FRAMES;
  if (dense + TAIL_FRAMES >= audioCtx) return fullWindow(realMelFrames, audioCtx);
  const thinned = Math.ceil((audioCtx - dense) / options.every);
  const keep = new BigInt64Array(dense + thinned);
  const position = new BigInt64Array(dense + thinned);
  const bias = new Float32Array(dense + thinned);
  for (let i = 0; i < dense; i++) {
    keep[i] = BigInt(i);
    position[i] = BigInt(i);
  }
  const likeness = BigInt(dense + 1);
  for (let i = 0; i < thinned; i++) {
    const at = dense + i * options.every;
    keep[dense + i] = likeness;
    position[dense + i] = BigInt(at);
    bias[dense + i] = Math.log(Math.min(options.every, audioCtx - at));
  }
  return { melFrames: 2 * (dense + TAIL_FRAMES), keep, position, bias, realFrames, exact: false };
}
