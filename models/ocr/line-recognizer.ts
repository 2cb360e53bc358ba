import { AppError } from '../core/app-error.ts';
import type { CtcLattice } from '../core/page.ts';
import { OnnxSession, type OnnxSessionOptions } from '../session/onnx-session.ts';
import { frameTopK } from './lattice-top-k.ts';
import { LINE_WIDTH_MAX } from './limits.ts';
import { LINE_HEIGHT, type LineStrip } from './line-crop.ts';
import { BLANK, type OcrAlphabet, readAlphabet } from './ocr-alphabet.ts';

/** Pixels of width that one frame stands for. */
export const FRAME_WIDTH = 8;
/**
 * Entries kept per frame. On 100,064 frames of the development images the best 16 of 18,710 hold all but 0.00006 of a
 * frame's probability in the mean; 8 hold all but 0.00012.
 */
export const LATTICE_WIDTH = 16;
/** Narrower inputs than the network's own shapes add frames for nothing; wider ones than needed cost in proportion. */
const WIDTH_MIN = 64;
const WIDTH_STEP = 32;
/** From here on wider steps: few lines are so long, and each width is a shape that the runtime keeps memory for. */
const WIDE_FROM = 1024;
const WIDE_STEP = 128;
/**
 * Width of all lines of one call together. More is not faster (640 pixels cost 28 ms alone and 27 ms a line in a batch of
 * six), but small lines in one call share its overhead.
 */
const BATCH_WIDTH = 640;
const BATCH_LINES_MAX = 8;

/** What the network says of one strip. */
export interface LineLattice {
  readonly lattice: CtcLattice;
  /** Share of the strip's width that one frame covers. */
  readonly frameShare: number;
}

/** Width of the tensor that a strip is padded to, on the right, with zeros. */
export function paddedWidth(width: number): number {
  const step = width > WIDE_FROM ? WIDE_STEP : WIDTH_STEP;
  return Math.min(LINE_WIDTH_MAX, Math.max(WIDTH_MIN, Math.ceil(width / step) * step));
}

/**
 * Batches of line numbers: equal padded width within a batch, at most BATCH_WIDTH together, a power of two of lines, so
 * that few tensor shapes exist. Narrow lines first.
 */
export function lineBatches(widths: readonly number[]): { readonly width: number; readonly lines: number[] }[] {
  const byWidth = new Map<number, number[]>();
  widths.forEach((width, line) => {
    const padded = paddedWidth(width);
    byWidth.set(padded, [...(byWidth.get(padded) ?? []), line]);
  });
  const batches: { width: number; lines: number[] }[] = [];
  for (const width of [...byWidth.keys()].sort((a, b) => a - b)) {
    const lines = byWidth.get(width)!;
    for (let at = 0; at < lines.length; ) {
      const fitting = Math.min(BATCH_LINES_MAX, Math.max(1, Math.floor(BATCH_WIDTH / width)), lines.length - at);
      const count = 2 ** Math.floor(Math.log2(fitting));
      batches.push({ width, lines: lines.slice(at, at + count) });
      at += count;
    }
  }
  return batches;
}

/** The recognizer of PP-OCR: a strip becomes a lattice. Owns a session and its buffers; calls must not overlap. */
export class LineRecognizer {
  readonly alphabet: OcrAlphabet;
  readonly #session: OnnxSession;
  /** Grown to the largest call, never smaller: the network writes its output into it. */
  #input = new Float32Array(0);
  #output = new Float32Array(0);

  private constructor(session: OnnxSession, alphabet: OcrAlphabet) {
    this.#session = session;
    this.alphabet = alphabet;
  }

  /** @throws AppError `model_corrupt`, `device_unavailable` */
  static async open(modelPath: string, options: OnnxSessionOptions = {}): Promise<LineRecognizer> {
    const alphabet = await readAlphabet(modelPath);
    const recognizer = new LineRecognizer(await OnnxSession.open(modelPath, options), alphabet);
    await recognizer.#checkOutput(modelPath);
    return recognizer;
  }

  /**
   * Lattices of the strips, in their order. Frames of the padding are cut off, unless something was read there (the
   * network may be late by a frame).
   * @throws the signal's reason between two calls of the network
   */
  async recognize(strips: readonly LineStrip[], signal?: AbortSignal): Promise<LineLattice[]> {
    const results = new Array<LineLattice>(strips.length);
    for (const { width, lines } of lineBatches(strips.map((strip) => strip.width))) {
      signal?.throwIfAborted();
      const probs = await this.#run(
        lines.map((line) => strips[line]!),
        width,
      );
      const frames = width / FRAME_WIDTH;
      lines.forEach((line, i) => {
        const used = Math.min(strips[line]!.width, width);
        results[line] = {
          lattice: latticeOf(probs, i * frames, frames, Math.ceil(used / FRAME_WIDTH), this.alphabet.size),
          frameShare: FRAME_WIDTH / used,
        };
      });
    }
    return results;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  /** @returns [strips, frames, alphabet], valid until the next call */
  async #run(strips: readonly LineStrip[], width: number): Promise<Float32Array> {
    const plane = LINE_HEIGHT * width;
    const inputLength = strips.length * 3 * plane;
    const frames = width / FRAME_WIDTH;
    const outputLength = strips.length * frames * this.alphabet.size;
    if (this.#input.length < inputLength) this.#input = new Float32Array(inputLength);
    if (this.#output.length < outputLength) this.#output = new Float32Array(outputLength);
    const input = this.#input.subarray(0, inputLength).fill(0);
    strips.forEach((strip, i) => {
      strip.draw(input, i * 3 * plane, plane, width, Math.min(strip.width, width));
    });
    const output = this.#output.subarray(0, outputLength);
    await this.#session.run(
      { [this.#session.inputNames[0]!]: this.#session.tensor(input, [strips.length, 3, LINE_HEIGHT, width]) },
      {
        [this.#session.outputNames[0]!]: this.#session.tensor(output, [strips.length, frames, this.alphabet.size]),
      },
    );
    return output;
  }

  /** A model whose output does not fit its own alphabet is found here, by a strip without ink, not on a user's page. */
  async #checkOutput(modelPath: string): Promise<void> {
    try {
      await this.#run([{ width: WIDTH_MIN, draw: () => {} }], WIDTH_MIN);
    } catch (error) {
      throw new AppError(
        'model_corrupt',
        `${modelPath} does not give ${this.alphabet.size} entries per ${FRAME_WIDTH} pixels: ${String(error)}`,
        { cause: error },
      );
    }
  }
}

/** @param first the strip's first frame in `probs` */
function latticeOf(
  probs: Float32Array,
  first: number,
  framesAll: number,
  framesUsed: number,
  size: number,
): CtcLattice {
  let frames = framesAll;
  while (frames > framesUsed && isBlank(probs, (first + frames - 1) * size, size)) frames--;
  const ids = new Int32Array(frames * LATTICE_WIDTH);
  const logProbs = new Float32Array(frames * LATTICE_WIDTH);
  for (let frame = 0; frame < frames; frame++) {
    frameTopK(probs, (first + frame) * size, size, LATTICE_WIDTH, ids, logProbs, frame * LATTICE_WIDTH);
  }
  return { frames, width: LATTICE_WIDTH, blank: BLANK, ids, logProbs };
}

function isBlank(probs: Float32Array, from: number, size: number): boolean {
  const blank = probs[from + BLANK]!;
  if (blank > 0.5) return true;
  for (let id = 0; id < size; id++) if (probs[from + id]! > blank) return false;
  return true;
}
