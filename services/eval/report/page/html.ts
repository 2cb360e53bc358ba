/**
 * HTML as a value that cannot be mixed up with data: the tag `html` escapes every string that is put into it, and only
 * what is `Html` already goes in as it is. All data of a page passes through here.
 */
import { escapeXml } from '../plot/svg.ts';

/** Markup. Made by `html`, `visible` and, for our own constants and drawings, `markup`. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlPart = Html | string | number | readonly (Html | string | undefined)[] | undefined | false;

/** Strings and numbers are escaped, also inside attributes (which must stand in double quotes); undefined and false vanish. */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = strings[0]!;
  parts.forEach((part, i) => {
    text += partText(part) + strings[i + 1]!;
  });
  return new Html(text);
}

function partText(part: HtmlPart): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(partText).join('');
  return escapeXml(String(part));
}

/** For markup that this program wrote itself: drawings, style sheet, script. Never for data. */
export function markup(text: string): Html {
  return new Html(text);
}

/**
 * Text in which nothing hides: controls, direction marks and zero-width characters, which would turn or break the text
 * around them, are shown as their code points. Newline and tab stay; the style sheet keeps white space.
 */
export function visible(text: string): Html {
  let result = '';
  let from = 0;
  for (const { 0: hidden, index } of text.matchAll(HIDDEN)) {
    result += escapeText(text.slice(from, index));
    const code = `U+${hidden.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
    result += `<span class="code">${code}</span>`;
    from = index + hidden.length;
  }
  return new Html(result + escapeText(text.slice(from)));
}

/** Controls except newline and tab, format characters (which hold the bidirectional ones), lone surrogates, odd spaces. */
const HIDDEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\u00a0\u2028\u2029\u3164\ufffe\uffff]/gu;

const LANGUAGE_TAG = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

/** Attributes of an element that holds text of a data set: its language, which chooses the font, and its own direction. */
export function textAttributes(language: string): Html {
  const lang = LANGUAGE_TAG.test(language) && language !== 'und' ? language : '';
  return new Html(`${lang === '' ? '' : `lang="${lang}" `}dir="auto"`);
}

/** As escapeXml, which makes one line of everything; texts keep their lines. */
function escapeText(text: string): string {
  return text.split('\n').map(escapeXml).join('\n');
}
