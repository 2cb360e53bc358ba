import type { Raster } from '../core/page.ts';
import { OnnxSession, type OnnxSessionOptions } from '../session/onnx-session.ts';
import { DB_DEFAULTS, type DbOptions, dbBoxes, type TextBox } from './db-boxes.ts';
import { detectSize, fillDetectorInput } from './detector-input.ts';

/** Finds lines of text on a page. Owns a session and its buffers; calls must not overlap. */
export class TextDetector {
  readonly #session: OnnxSession;
  readonly #options: DbOptions;
  #input = new Float32Array(0);
  #map = new Float32Array(0);

  private constructor(session: OnnxSession, options: DbOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** @throws AppError `model_corrupt`, `device_unavailable` */
  static async open(
    modelPath: string,
    options: OnnxSessionOptions = {},
    boxes: DbOptions = DB_DEFAULTS,
  ): Promise<TextDetector> {
    return new TextDetector(await OnnxSession.open(modelPath, options), boxes);
  }

  /** Boxes of lines, from top to bottom, each begun at its top left as the page lies. */
  async detect(page: Raster): Promise<TextBox[]> {
    const { width, height } = detectSize(page);
    const size = width * height;
    if (this.#map.length < size) {
      this.#input = new Float32Array(3 * size);
      this.#map = new Float32Array(size);
    }
    const input = this.#input.subarray(0, 3 * size);
    const values = this.#map.subarray(0, size);
    fillDetectorInput(page, width, height, input);
    await this.#session.run(
      { [this.#session.inputNames[0]!]: this.#session.tensor(input, [1, 3, height, width]) },
      { [this.#session.outputNames[0]!]: this.#session.tensor(values, [1, 1, height, width]) },
    );
    return dbBoxes({ width, height, values }, page, this.#options);
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
