/**
 * SVG as text. Colors and fonts come from the page's style sheet by class, so that one drawing serves light, dark and
 * print; nothing here uses a `style` attribute, which the page's security policy forbids.
 */
import { textWidth } from '../../../output/text-width.ts';

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Font size of labels in the drawings' own pixels; the style sheet sets the same. */
export const LABEL_PX = 13;
/** Width of one terminal column of text, as a share of the font size: an average of digits and lower case, a little wide. */
const COLUMN_EM = 0.6;

/** `<name a="...">children</name>`. Attributes are escaped; children are SVG already (see `label` for text). */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  let head = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    head += ` ${key}="${typeof value === 'number' ? coordinate(value) : escapeXml(value)}"`;
  }
  return children.length === 0 ? `${head}/>` : `${head}>${children.join('')}</${name}>`;
}

/** A text element; `text` is data and is escaped. */
export function label(text: string, attributes: Attributes): string {
  return element('text', attributes, escapeXml(text));
}

/** The tooltip of an element, and its name for screen readers. */
export function tooltip(text: string): string {
  return element('title', {}, escapeXml(text));
}

export function line(x1: number, y1: number, x2: number, y2: number, className: string): string {
  return element('line', { x1, y1, x2, y2, class: className });
}

/** Two decimals are a fiftieth of a pixel. A broken number would void the whole drawing, so it is an error here. */
export function coordinate(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is no position in a drawing`);
  return String(Math.round(value * 100) / 100);
}

/** Also for HTML. Characters that XML does not know, and direction marks that could turn the surroundings, are replaced. */
export function escapeXml(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, (character) =>
      character === '\n' || character === '\t' ? ' ' : '\ufffd',
    )
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Estimated width in pixels: there is no font to measure with. Wide characters (CJK) take two columns. */
export function labelWidth(text: string, fontPx = LABEL_PX): number {
  return textWidth(text) * COLUMN_EM * fontPx;
}

/** Cuts a label that would be wider than `widthPx`, with an ellipsis. */
export function fitLabel(text: string, widthPx: number, fontPx = LABEL_PX): string {
  if (labelWidth(text, fontPx) <= widthPx) return text;
  let kept = '';
  for (const character of text) {
    if (labelWidth(`${kept + character}…`, fontPx) > widthPx) break;
    kept += character;
  }
  return `${kept}…`;
}
