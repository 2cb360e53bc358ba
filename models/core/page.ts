/**
 * The page contract: a page recognizer finds lines and says per frame what each may spell; a lattice search chooses. The
 * hypothesis protocol carries exactly these values, so the search may run in another thread or on another machine.
 */
import type { RecognizerInfo } from './recognizer.ts';
import type { Alphabet, FusionChange, SearchStats, Warning } from './stepwise.ts';

/** Pixels of a page or a crop: 8-bit RGB, rows from top to bottom without padding, `width * height * 3` bytes. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/**
 * Four corners x, y in pixels: the text's own top left, top right, bottom right, bottom left, so that reading runs from the
 * first corner to the second. A line that stands upside down on the page begins at the page's right; a column begins at
 * its top right.
 */
export type Quad = readonly [number, number, number, number, number, number, number, number];

/** What a CTC recognizer says of one line: per frame the likeliest entries, blank among them. */
export interface CtcLattice {
  readonly frames: number;
  /** Entries per frame. */
  readonly width: number;
  /** Token that means "nothing here". */
  readonly blank: number;
  /** [frames * width], best first within a frame (ties: lower id first). */
  readonly ids: Int32Array;
  /** [frames * width], natural logs. */
  readonly logProbs: Float32Array;
}

/** One line of a page, as found. */
export interface LineUnit {
  /** Number within its page, from 0, in the order of detection. */
  readonly index: number;
  /** In pixels of the upright page. */
  readonly quad: Quad;
  /** `vertical`: upright characters below each other (CJK columns). */
  readonly direction: 'horizontal' | 'vertical';
  /** Mean of the detector's map inside the quad, 0..1; 1 where the caller said that the image is one line. */
  readonly detectionScore: number;
  readonly lattice: CtcLattice;
  /**
   * Share of the quad's reading length that one frame covers: frame f spans f * frameShare .. (f + 1) * frameShare. Lines
   * are padded to few widths; frames beyond 1 are padding and are cut off.
   */
  readonly frameShare: number;
}

/** Everything that a recognizer found on one page. */
export interface PageUnit {
  /** Number of the page within its document, from 0. */
  readonly index: number;
  /** Size of the upright page. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Degrees by which the page was turned clockwise to stand upright. */
  readonly turnedDegrees: 0 | 90 | 180 | 270;
  /** Degrees by which lines fall clockwise on the upright page; what deskewing took out. */
  readonly skewDegrees: number;
  readonly lines: readonly LineUnit[];
  readonly warnings: readonly Warning[];
  /** Wall-clock milliseconds by stage. */
  readonly timings: { readonly detectMs: number; readonly orientMs: number; readonly recognizeMs: number };
}

/** One character of a reading and the frames in which the recognizer saw it. */
export interface CharReading {
  /** An entry of the alphabet, or what the script table made of it. */
  readonly text: string;
  /** log P of this character at its strongest frame; natural log. */
  readonly logProb: number;
  /** Half open: startFrame <= frame < endFrame. */
  readonly startFrame: number;
  readonly endFrame: number;
}

/** What a search made of one line. */
export interface LineReading {
  readonly text: string;
  /** In order; their texts join to `text`. */
  readonly chars: readonly CharReading[];
  /** log P_ctc(text), summed over alignments; natural log. */
  readonly ctcLogProb: number;
  /**
   * log P_llm of the stretches that the language model was asked about, each given what stands before it; absent where it
   * was asked about none, as on a line without doubt.
   */
  readonly llmLogProb?: number;
  /** What ranked this reading: ctcLogProb + lambda * llmLogProb + beta * characters. */
  readonly score: number;
  /** The field whose box holds this line. `matched` false: no string that it allows can be read here; the text is empty. */
  readonly field?: { readonly name: string; readonly matched: boolean };
  /** Best first, this reading among them: what was still in doubt at the end of the line. */
  readonly nBest: readonly { readonly text: string; readonly ctcLogProb: number; readonly llmLogProb?: number }[];
  /** Places where the language model changed the recognizer's own best reading. */
  readonly changes: readonly FusionChange[];
}

export interface PageOutcome {
  /** One per line of the page, in the order of `PageUnit.lines`. */
  readonly lines: readonly LineReading[];
  /** ISO 639-1 that the language model was asked in; '' where none took part. */
  readonly language: string;
  readonly stats: SearchStats;
  readonly warnings: readonly Warning[];
}

/** A search over all lines of one page: greedy, plain prefix beam, or fused. */
export type LatticeSearch = (page: PageUnit, signal?: AbortSignal) => Promise<PageOutcome>;

/** A field that only certain strings may fill, found where its box holds most of a line. */
export interface FieldRule {
  readonly name: string;
  /** left, top, right, bottom: shares 0..1 of the upright page. */
  readonly box: readonly [number, number, number, number];
  readonly allow:
    | { readonly kind: 'regex'; readonly pattern: string }
    | { readonly kind: 'list'; readonly values: readonly string[] }
    | { readonly kind: 'format'; readonly format: 'date' | 'number' | 'integer' | 'amount' | 'iban' | 'time' };
}

/** Options of reading one document. Absent fields take the defaults of `defaultReadOptions`. */
export interface ReadOptions {
  /** ISO 639-1, or `auto` (judged from the letters of each page). */
  readonly language: string;
  /**
   * `greedy`: the recognizer's likeliest entry per frame. `alone`: prefix beam search without a language model.
   * `fused`: with it; numbers, codes and names that are not words stay faithful. `faithful`: the language model may
   * everywhere choose only among readings that the recognizer itself holds likely.
   */
  readonly mode: 'greedy' | 'alone' | 'fused' | 'faithful';
  /** lambda: weight of the language model, 0 and up; undefined takes the preset's for the language. */
  readonly llmWeight: number | undefined;
  /** 1..64 */
  readonly beams: number;
  readonly nBest: number;
  readonly script: 'hans' | 'hant' | 'keep';
  /** Sentence or two on the domain, shown to the language model before the text. */
  readonly llmPrompt: string;
  /** How much of the lines before a line the language model sees, in characters. */
  readonly llmContextCharsMax: number;
  /** Find out which way up the page is. */
  readonly orient: boolean;
  /** Take out small angles. */
  readonly deskew: boolean;
  /** `yes`: the image is one line, so nothing is searched for; `auto` judges by the shape. */
  readonly singleLine: 'auto' | 'yes' | 'no';
  /** PDF: `auto` takes a sound text layer instead of recognizing; `never` always recognizes. */
  readonly textLayer: 'auto' | 'never';
  /** PDF: dots per inch of a rendered page. */
  readonly dpi: number;
  /** Pages as people count them, from 1: inclusive ranges; empty for all. */
  readonly pages: readonly (readonly [number, number])[];
  readonly fields: readonly FieldRule[];
  readonly explain: boolean;
}

/** A recognizer of pages. It serves several streams at once, one page at a time. */
export interface PageRecognizer {
  readonly info: RecognizerInfo;
  readonly alphabet: Alphabet;
  /** Throws AppError; when `signal` aborts it throws the signal's reason. `page` may be kept only until it settles. */
  read(page: Raster, index: number, options: ReadOptions, signal?: AbortSignal): Promise<PageUnit>;
}
