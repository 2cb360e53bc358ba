/**
 * The document model: what reading a document gives, whatever it is written as afterwards. Quads are pixels of the
 * upright page (page.ts); text that was corrected stands on the boxes of what was recognized.
 */
import type { Quad } from './page.ts';
import type { FusionChange, SearchStats, Warning } from './stepwise.ts';

export interface DocumentText {
  readonly pages: readonly DocumentPage[];
  readonly warnings: readonly Warning[];
}

export interface DocumentPage {
  /** As people count, from 1. */
  readonly number: number;
  /** Upright page, after EXIF and `turnedDegrees`. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Dots per inch of these pixels, where the file or the rendering says so. */
  readonly dpi?: number;
  /** Degrees by which the page as it came (EXIF applied) was turned clockwise to stand upright. */
  readonly turnedDegrees: 0 | 90 | 180 | 270;
  readonly skewDegrees: number;
  /** `text-layer`: the file's own text was sound and was taken as it is. */
  readonly source: 'recognized' | 'text-layer';
  /** ISO 639-1 that the language model was asked in; '' where none took part. */
  readonly language: string;
  /** In reading order. */
  readonly blocks: readonly DocumentBlock[];
  readonly fields: readonly FieldValue[];
  readonly warnings: readonly Warning[];
  readonly stats: SearchStats;
  /** Wall-clock milliseconds by stage. */
  readonly timings: PageTimings;
}

export interface PageTimings {
  readonly decodeMs: number;
  readonly detectMs: number;
  readonly orientMs: number;
  readonly recognizeMs: number;
  readonly searchMs: number;
  readonly llmMs: number;
}

/** Lines that belong together: a paragraph, a column, a vertical text, or a table (then `cells` says where each stands). */
export interface DocumentBlock {
  readonly kind: 'text' | 'table';
  readonly quad: Quad;
  /** In reading order; of a table row by row. */
  readonly lines: readonly DocumentLine[];
  /** Tables only: row and column (from 0) of each line. */
  readonly cells?: readonly { readonly row: number; readonly column: number }[];
}

export interface DocumentLine {
  readonly quad: Quad;
  readonly direction: 'horizontal' | 'vertical';
  readonly text: string;
  /** 0..1: geometric mean of the recognizer's probability over the characters. */
  readonly confidence: number;
  /** Words where words are spaced, else runs of characters; with their spaces they join to `text`. */
  readonly words: readonly DocumentWord[];
  /** Places where the text differs from what the recognizer alone would have written, and who changed it. */
  readonly changes: readonly DocumentChange[];
  /** Other readings, best first, where they were asked for. */
  readonly nBest: readonly { readonly text: string; readonly ctcLogProb: number; readonly llmLogProb?: number }[];
}

export interface DocumentChange extends FusionChange {
  readonly by: 'fusion' | 'darag' | 'gec' | 'user';
}

export interface DocumentWord {
  readonly text: string;
  readonly quad: Quad;
  readonly confidence: number;
  /** A space stands between this word and the next one of its line. */
  readonly spaceAfter: boolean;
  readonly chars: readonly DocumentChar[];
}

export interface DocumentChar {
  readonly text: string;
  readonly quad: Quad;
  /** 0..1 */
  readonly confidence: number;
}

export interface FieldValue {
  readonly name: string;
  /** '' where nothing that the field allows can be read there. */
  readonly text: string;
  readonly matched: boolean;
  readonly quad: Quad;
  readonly confidence: number;
}
