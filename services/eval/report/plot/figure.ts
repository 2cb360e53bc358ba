/** What every plot has: a titled drawing, axes with ticks, a legend that wraps. */
import type { Axis, Scale } from './scale.ts';
import { element, escapeXml, fitLabel, LABEL_PX, label, labelWidth, line, tooltip } from './svg.ts';

/** What a plot is called. `id` is unique on its page; letters, digits and dashes. */
export interface Caption {
  readonly id: string;
  readonly title: string;
  /** One or two sentences for those who cannot see the drawing. */
  readonly description: string;
}

/** Width of every drawing. The page shows two beside each other, or one on a phone, where it shrinks by a fifth. */
export const FIGURE_WIDTH = 480;

/** Where the data goes, in the drawing's pixels. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export function figure(caption: Caption, width: number, height: number, ...body: readonly string[]): string {
  const [title, description] = [`${caption.id}-title`, `${caption.id}-description`];
  return element(
    'svg',
    {
      class: 'plot',
      role: 'img',
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      'aria-labelledby': `${title} ${description}`,
    },
    element('title', { id: title }, escapeXml(caption.title)),
    element('desc', { id: description }, escapeXml(caption.description)),
    ...body,
  );
}

/** Horizontal grid lines with their labels to the left, and the name of the quantity above. */
export function yAxis(area: Area, axis: Axis, scale: Scale, format: (value: number) => string, name: string): string {
  const parts = axis.ticks.map((tick) => {
    const y = scale(tick);
    return (
      line(area.left, y, area.right, y, tick === 0 ? 'axis' : 'grid') +
      label(format(tick), { x: area.left - 7, y: y + LABEL_PX * 0.35, class: 'tick end' })
    );
  });
  return parts.join('') + label(name, { x: 0, y: area.top - 12, class: 'quantity' });
}

export interface XTick {
  readonly x: number;
  readonly text: string;
  /** A second line, such as a count. */
  readonly under?: string;
}

/** Marks below the area; a label that would touch the one before it is left out, its mark stays. */
export function xAxis(area: Area, ticks: readonly XTick[], name: string): string {
  let free = Number.NEGATIVE_INFINITY;
  let twoLines = false;
  const parts = [line(area.left, area.bottom, area.right, area.bottom, 'axis')];
  for (const { x, text, under } of ticks) {
    parts.push(line(x, area.bottom, x, area.bottom + 4, 'axis'));
    const half = Math.max(labelWidth(text), under ? labelWidth(under) : 0) / 2;
    if (x - half < free) continue;
    free = x + half + 4;
    parts.push(label(text, { x, y: area.bottom + 18, class: 'tick middle' }));
    if (under) {
      twoLines = true;
      parts.push(label(under, { x, y: area.bottom + 33, class: 'tick middle faint' }));
    }
  }
  const y = area.bottom + (twoLines ? 54 : 39);
  parts.push(label(name, { x: (area.left + area.right) / 2, y, class: 'quantity middle' }));
  return parts.join('');
}

/** Room that xAxis takes below its area. */
export const X_AXIS_HEIGHT = 46;
export const X_AXIS_TALL = 61;

const LEGEND_ROW_PX = 20;
const LEGEND_KEY_PX = 24;
const LEGEND_GAP_PX = 16;

/** Names with their keys, in as many rows as they need. `key` draws around (x, y), 20 pixels wide from x. */
export function legend(
  names: readonly string[],
  width: number,
  top: number,
  key: (index: number, x: number, y: number) => string,
): { svg: string; height: number } {
  let x = 0;
  let row = 0;
  const parts = names.map((name, index) => {
    const shown = fitLabel(name, width - LEGEND_KEY_PX);
    const wide = LEGEND_KEY_PX + labelWidth(shown);
    if (x > 0 && x + wide > width) {
      x = 0;
      row++;
    }
    const y = top + row * LEGEND_ROW_PX + 10;
    const text = label(shown, { x: x + LEGEND_KEY_PX, y: y + LABEL_PX * 0.35, class: 'name' });
    const drawn = key(index, x, y) + (shown === name ? text : element('g', {}, tooltip(name), text));
    x += wide + LEGEND_GAP_PX;
    return drawn;
  });
  return { svg: parts.join(''), height: names.length === 0 ? 0 : (row + 1) * LEGEND_ROW_PX };
}

/** A small square in the color of a series. */
export function squareKey(index: number, x: number, y: number): string {
  return element('rect', { x: x + 4, y: y - 6, width: 12, height: 12, class: `bar s${index % 8}` });
}
