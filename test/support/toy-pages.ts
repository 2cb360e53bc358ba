import type {
  LatticeSearch,
  LineReading,
  LineUnit,
  PageRecognizer,
  PageUnit,
  Quad,
  Raster,
  ReadOptions,
} from '../../models/core/page.ts';
import type { RecognizerInfo } from '../../models/core/recognizer.ts';
import { ToyAlphabet } from './toy-recognizer.ts';

export const TOY_READ_OPTIONS: ReadOptions = {
  language: 'en',
  mode: 'fused',
  llmWeight: undefined,
  beams: 4,
  nBest: 1,
  script: 'keep',
  llmPrompt: '',
  llmContextCharsMax: 400,
  orient: true,
  deskew: true,
  singleLine: 'auto',
  textLayer: 'auto',
  dpi: 200,
  pages: [],
  fields: [],
  explain: false,
};

/** A page that the toy recognizer reads as these lines: each row of pixels is a line, its reds the characters. */
export function toyPage(...lines: readonly string[]): Raster {
  const width = Math.max(1, ...lines.map((line) => line.length));
  const height = Math.max(1, lines.length);
  const rgb = new Uint8Array(width * height * 3);
  lines.forEach((line, y) => {
    for (let x = 0; x < line.length; x++) rgb[(y * width + x) * 3] = line.charCodeAt(x);
  });
  return { width, height, rgb };
}

/** What tests do to a toy page recognizer. */
export interface ToyPageControl {
  /** Runs before each page; may wait or throw. */
  readonly beforePage?: (index: number, signal: AbortSignal | undefined) => Promise<void> | void;
}

/** Blank is token 0, which no line spells. Each character takes two frames: itself at 0.6 over its successor, then blank. */
export class ToyPageRecognizer implements PageRecognizer {
  readonly info: RecognizerInfo = { name: 'toy pages', modality: 'page', kind: 'lattice', sampleRateHz: 0 };
  readonly alphabet = new ToyAlphabet();
  #control: ToyPageControl;

  constructor(control: ToyPageControl = {}) {
    this.#control = control;
  }

  async read(raster: Raster, index: number, _options: ReadOptions, signal?: AbortSignal): Promise<PageUnit> {
    await this.#control.beforePage?.(index, signal);
    signal?.throwIfAborted();
    const lines: LineUnit[] = [];
    for (let y = 0; y < raster.height; y++) {
      const row = Array.from({ length: raster.width }, (_, x) => raster.rgb[(y * raster.width + x) * 3]!);
      const codes = row.filter((code) => code > 0);
      if (codes.length > 0) lines.push(toyLine(lines.length, codes, raster.width, y));
    }
    return {
      index,
      widthPx: raster.width,
      heightPx: raster.height,
      turnedDegrees: 0,
      skewDegrees: 0,
      lines,
      warnings: [],
      timings: { detectMs: 1, orientMs: 0, recognizeMs: 2 },
    };
  }
}

function toyLine(index: number, codes: readonly number[], widthPx: number, y: number): LineUnit {
  const frames = codes.length * 2;
  const ids = Int32Array.from(codes.flatMap((code) => [code, (code + 1) % 128, 0, code]));
  const logProbs = Float32Array.from(codes.flatMap(() => [0.6, 0.3, 0.9, 0.05].map(Math.log)));
  const quad: Quad = [0, y, widthPx, y, widthPx, y + 1, 0, y + 1];
  const lattice = { frames, width: 2, blank: 0, ids, logProbs };
  return { index, quad, direction: 'horizontal', detectionScore: 1, frameShare: 1 / frames, lattice };
}

/** Takes the first entry of each frame. */
export const toyPageSearch: LatticeSearch = async (page) => {
  const lines = page.lines.map(({ lattice }): LineReading => {
    const chars = [];
    let total = 0;
    for (let frame = 0; frame < lattice.frames; frame++) {
      const at = frame * lattice.width;
      total += lattice.logProbs[at]!;
      if (lattice.ids[at] === lattice.blank) continue;
      const text = String.fromCharCode(lattice.ids[at]!);
      chars.push({ text, logProb: lattice.logProbs[at]!, startFrame: frame, endFrame: frame + 1 });
    }
    const text = chars.map((char) => char.text).join('');
    return { text, chars, ctcLogProb: total, score: total, nBest: [{ text, ctcLogProb: total }], changes: [] };
  });
  const stats = { steps: 0, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 };
  return { lines, language: '', stats, warnings: [] };
};
