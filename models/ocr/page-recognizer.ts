import { join } from 'node:path';
import type { LineUnit, PageRecognizer, PageUnit, Quad, Raster, ReadOptions } from '../core/page.ts';
import type { RecognizerInfo } from '../core/recognizer.ts';
import type { Alphabet } from '../core/stepwise.ts';
import type { OnnxSessionOptions } from '../session/onnx-session.ts';
import type { TextBox } from './db-boxes.ts';
import { LineOrientation } from './line-orientation.ts';
import { LineReader, type ReadLine } from './line-reader.ts';
import { LineRecognizer } from './line-recognizer.ts';
import { pageTurn } from './page-orientation.ts';
import { type Turn, turnedRaster } from './raster.ts';
import { looksLikeOneLine } from './single-line.ts';
import { skewDegrees } from './skew.ts';
import { TextDetector } from './text-detector.ts';

/** Files of the artefact `pp-ocrv6`. */
export const OCR_FILES = {
  detector: 'PP-OCRv6_det_small.onnx',
  recognizer: 'PP-OCRv6_rec_small.onnx',
  orientation: 'ch_ppocr_mobile_v2.0_cls_mobile.onnx',
} as const;

/**
 * Weaker lines are taken for pictures and specks and left out, as RapidOCR does (`text_score`). A line that the caller
 * called a line stays.
 */
const LINE_SCORE_MIN = 0.5;

/** What `read` looks at. */
export type PageReadOptions = Pick<ReadOptions, 'orient' | 'deskew' | 'singleLine'>;

/** PP-OCRv6: detection, orientation and recognition of pages. Pages are read one after the other, in order of calls. */
export class PpOcrPageRecognizer implements PageRecognizer {
  readonly info: RecognizerInfo = { name: 'pp-ocrv6', modality: 'page', kind: 'lattice', sampleRateHz: 0 };
  readonly alphabet: Alphabet & { textOf(id: number): string };
  readonly #detector: TextDetector;
  readonly #recognizer: LineRecognizer;
  readonly #orientation: LineOrientation;
  readonly #reader: LineReader;
  /** Settles when the page before is done: sessions and buffers serve one page at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(detector: TextDetector, recognizer: LineRecognizer, orientation: LineOrientation) {
    this.#detector = detector;
    this.#recognizer = recognizer;
    this.#orientation = orientation;
    this.#reader = new LineReader(recognizer, orientation);
    this.alphabet = recognizer.alphabet;
  }

  /** @throws AppError `model_corrupt`, `device_unavailable` */
  static async open(modelDir: string, options: OnnxSessionOptions = {}): Promise<PpOcrPageRecognizer> {
    const detector = await TextDetector.open(join(modelDir, OCR_FILES.detector), options);
    const recognizer = await LineRecognizer.open(join(modelDir, OCR_FILES.recognizer), options);
    // Too small to share between threads.
    const orientation = await LineOrientation.open(join(modelDir, OCR_FILES.orientation), {
      ...options,
      threads: 1,
      spinning: false,
    });
    return new PpOcrPageRecognizer(detector, recognizer, orientation);
  }

  read(page: Raster, index: number, options: PageReadOptions, signal?: AbortSignal): Promise<PageUnit> {
    if (page.rgb.length !== 3 * page.width * page.height || page.rgb.length === 0) {
      throw new RangeError(`a page of ${page.width} x ${page.height} pixels has ${page.rgb.length} bytes`);
    }
    const result = this.#turn.then(() => this.#read(page, index, options, signal));
    this.#turn = result.catch(() => {});
    return result;
  }

  async dispose(): Promise<void> {
    await this.#turn;
    await this.#detector.dispose();
    await this.#recognizer.dispose();
    await this.#orientation.dispose();
  }

  async #read(given: Raster, index: number, options: PageReadOptions, signal?: AbortSignal): Promise<PageUnit> {
    signal?.throwIfAborted();
    const oneLine = options.singleLine === 'yes' || (options.singleLine === 'auto' && looksLikeOneLine(given));
    const clock = new StageClock();
    let page = given;
    let turn: Turn = 0;
    let boxes = oneLine ? [wholePage(page)] : await this.#detector.detect(page);
    clock.end('detectMs');
    signal?.throwIfAborted();
    if (options.orient && !oneLine) {
      turn = await pageTurn(page, boxes, this.#reader, signal);
      if (turn !== 0) {
        page = turnedRaster(page, turn);
        // Found again rather than turned: the detector knows upright text best.
        boxes = await this.#detector.detect(page);
      }
    }
    clock.end('orientMs');
    signal?.throwIfAborted();
    const read = await this.#reader.read(page, boxes, signal);
    const kept = read
      .map((line, i) => ({ line, score: boxes[i]!.score }))
      .filter(({ line }) => oneLine || isText(line));
    clock.end('recognizeMs');
    return {
      index,
      widthPx: page.width,
      heightPx: page.height,
      turnedDegrees: turn,
      skewDegrees: options.deskew && !oneLine ? skewOf(kept.map(({ line }) => line)) : 0,
      lines: kept.map(({ line, score }, number): LineUnit => {
        const { quad, direction } = line.view;
        return { index: number, quad, direction, detectionScore: score, ...line.seen };
      }),
      warnings: [],
      timings: clock.timings,
    };
  }
}

function wholePage({ width, height }: Raster): TextBox {
  const quad: Quad = [0, 0, width, 0, width, height, 0, height];
  return { quad, score: 1 };
}

function isText({ reading }: ReadLine): boolean {
  return reading.score >= LINE_SCORE_MIN && reading.text.trim() !== '';
}

function skewOf(lines: readonly ReadLine[]): number {
  return skewDegrees(lines.filter(({ view }) => view.direction === 'horizontal').map(({ view }) => view.quad));
}

/** Wall-clock milliseconds of stages that follow each other. */
class StageClock {
  readonly timings = { detectMs: 0, orientMs: 0, recognizeMs: 0 };
  #began = performance.now();

  end(stage: keyof StageClock['timings']): void {
    const now = performance.now();
    this.timings[stage] = now - this.#began;
    this.#began = now;
  }
}
