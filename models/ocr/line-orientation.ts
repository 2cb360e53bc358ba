import { OnnxSession, type OnnxSessionOptions } from '../session/onnx-session.ts';
import { LINE_HEIGHT, type LineStrip } from './line-crop.ts';

/** Width of the network's input; longer lines are squeezed into it, as RapidOCR does. */
const WIDTH = 192;
/** Lines per call: a call of six costs 5 ms, and one shape serves them all. */
const BATCH_LINES = 6;

/** Tells lines that stand upside down (PP-OCR's text-line classifier). Owns a session; calls must not overlap. */
export class LineOrientation {
  readonly #session: OnnxSession;
  readonly #input = new Float32Array(BATCH_LINES * 3 * LINE_HEIGHT * WIDTH);
  readonly #output = new Float32Array(BATCH_LINES * 2);

  private constructor(session: OnnxSession) {
    this.#session = session;
  }

  /** @throws AppError `model_corrupt`, `device_unavailable` */
  static async open(modelPath: string, options: OnnxSessionOptions = {}): Promise<LineOrientation> {
    return new LineOrientation(await OnnxSession.open(modelPath, options));
  }

  /** Probability that each strip stands upside down, in their order. */
  async upsideDown(strips: readonly LineStrip[], signal?: AbortSignal): Promise<Float32Array> {
    const result = new Float32Array(strips.length);
    const plane = LINE_HEIGHT * WIDTH;
    for (let at = 0; at < strips.length; at += BATCH_LINES) {
      signal?.throwIfAborted();
      const batch = strips.slice(at, at + BATCH_LINES);
      this.#input.fill(0);
      batch.forEach((strip, i) => {
        strip.draw(this.#input, i * 3 * plane, plane, WIDTH, Math.min(strip.width, WIDTH));
      });
      await this.#session.run(
        { [this.#session.inputNames[0]!]: this.#session.tensor(this.#input, [BATCH_LINES, 3, LINE_HEIGHT, WIDTH]) },
        { [this.#session.outputNames[0]!]: this.#session.tensor(this.#output, [BATCH_LINES, 2]) },
      );
      for (let i = 0; i < batch.length; i++) result[at + i] = this.#output[2 * i + 1]!;
    }
    return result;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
