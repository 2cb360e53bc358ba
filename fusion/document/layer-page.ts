/** A page whose own text was sound: the same document model, without anything having been recognized. */
import type { DocumentLine, DocumentPage } from '../../models/core/document.ts';
import type { Quad } from '../../models/core/page.ts';
import { documentBlocks } from './document-page.ts';

/** Lines of a text layer, in pixels of the page. */
export interface LayerLine {
  readonly text: string;
  readonly quad: Quad;
  readonly words: readonly {
    readonly text: string;
    readonly quad: Quad;
    readonly spaceAfter: boolean;
    readonly chars: readonly { readonly text: string; readonly quad: Quad }[];
  }[];
}

export interface LayerFacts {
  readonly number: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly dpi?: number | undefined;
  readonly decodeMs: number;
}

export function layerPage(layer: readonly LayerLine[], facts: LayerFacts): DocumentPage {
  const lines = layer.map((line): DocumentLine => {
    const words = line.words.map((word) => ({
      ...word,
      confidence: 1,
      chars: word.chars.map((char) => ({ ...char, confidence: 1 })),
    }));
    return { quad: line.quad, direction: 'horizontal', text: line.text, confidence: 1, words, changes: [], nBest: [] };
  });
  const none = { detectMs: 0, orientMs: 0, recognizeMs: 0, searchMs: 0, llmMs: 0 };
  return {
    number: facts.number,
    widthPx: facts.widthPx,
    heightPx: facts.heightPx,
    ...(facts.dpi === undefined ? {} : { dpi: facts.dpi }),
    turnedDegrees: 0,
    skewDegrees: 0,
    source: 'text-layer',
    language: '',
    blocks: documentBlocks(lines, 0),
    fields: [],
    warnings: [
      {
        code: 'text_layer_used',
        message: 'The text is the file’s own; it was not recognized (textLayer: never does).',
      },
    ],
    stats: { steps: 0, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 },
    timings: { decodeMs: facts.decodeMs, ...none },
  };
}
