/**
 * The picture of a page with a box around every word. The picture is the reader's own file, drawn on a canvas as the
 * service turned it; where the browser cannot draw it (PDF, TIFF), the words stand in their boxes on blank paper.
 */

import { boxOf } from '../../../../fusion/document/box.ts';
import type { DocumentPage, DocumentWord } from '../../../../models/core/document.ts';
import { svgElement } from '../element.ts';
import { label } from '../messages.ts';

export interface PlacedWord {
  /** `line.word`, as the text beside the picture names it. */
  readonly id: string;
  readonly word: DocumentWord;
  readonly isVertical: boolean;
  readonly isChanged: boolean;
}

/** A word's letters fill about this share of its box. */
const LETTER_SHARE = 0.78;

/** Boxes over `bitmap`, or over blank paper where it is null. `bitmap` has its EXIF orientation applied. */
export function pagePicture(page: DocumentPage, words: readonly PlacedWord[], bitmap: ImageBitmap | null): Element[] {
  const { widthPx, heightPx, number } = page;
  const boxes = svgElement('svg', {
    viewBox: `0 0 ${widthPx} ${heightPx}`,
    role: 'img',
    lang: page.language || undefined,
  });
  label(boxes, 'pagePicture', { number });
  for (const { id, word, isVertical, isChanged } of words) {
    if (bitmap === null) boxes.append(wordText(word, isVertical));
    boxes.append(
      svgElement('polygon', { points: pointsOf(word), 'data-word': id, class: isChanged ? 'is-changed' : '' }),
    );
  }
  return bitmap === null ? [boxes] : [canvasOf(page, bitmap), boxes];
}

function pointsOf({ quad }: DocumentWord): string {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = quad;
  return `${x0},${y0} ${x1},${y1} ${x2},${y2} ${x3},${y3}`;
}

/** The word at the size and the width of its box. */
function wordText({ text, quad }: DocumentWord, isVertical: boolean): SVGTextElement {
  const { left, top, right, bottom } = boxOf(quad);
  const [length, height] = isVertical ? [bottom - top, right - left] : [right - left, bottom - top];
  const place = isVertical
    ? { x: (left + right) / 2, y: top, 'writing-mode': 'vertical-rl' }
    : { x: left, y: bottom - height * (1 - LETTER_SHARE) };
  const attributes = {
    ...place,
    'font-size': height * LETTER_SHARE,
    textLength: length,
    lengthAdjust: 'spacingAndGlyphs',
  };
  return svgElement('text', attributes, text);
}

function canvasOf({ widthPx, heightPx, turnedDegrees }: DocumentPage, bitmap: ImageBitmap): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  const scale = Math.min(1, SIDE_MAX / Math.max(widthPx, heightPx));
  canvas.width = Math.max(1, Math.round(widthPx * scale));
  canvas.height = Math.max(1, Math.round(heightPx * scale));
  canvas.setAttribute('aria-hidden', 'true');
  const drawing = canvas.getContext('2d');
  if (drawing === null) return canvas;
  const isSideways = turnedDegrees % 180 !== 0;
  const [width, height] = isSideways ? [canvas.height, canvas.width] : [canvas.width, canvas.height];
  drawing.translate(canvas.width / 2, canvas.height / 2);
  drawing.rotate((turnedDegrees * Math.PI) / 180);
  drawing.drawImage(bitmap, -width / 2, -height / 2, width, height);
  return canvas;
}

/** Longest side of the canvas, in pixels: sharp on a dense screen, and 36 MB at most. */
const SIDE_MAX = 3000;
