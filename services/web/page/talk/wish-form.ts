/** The settings of a recording: which languages there are to choose from, and what was chosen. */
import { byId, element } from '../element.ts';
import { pageLanguage, tell } from '../messages.ts';
import type { StreamWish } from './stream-events.ts';

/** Languages of the recognizer, as ISO 639-1 (Cantonese as ISO 639-3). Those that fusion is tuned for come first. */
const TUNED = ['zh', 'en', 'tr'];
const CODES = (
  'af am ar as az ba be bg bn bo br bs ca cs cy da de el es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ' +
  'ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su ' +
  'sv sw ta te tg th tk tl tt uk ur uz vi yi yo yue'
).split(' ');

/** Fills the list of languages, in the language of the page and in its order. */
export function listLanguages(): void {
  const select = byId('wish-language', HTMLSelectElement);
  const chosen = select.value || 'auto';
  const names = new Intl.DisplayNames(pageLanguage(), { type: 'language' });
  // Javanese is `jv`; the recognizer's older code is what the service takes.
  const nameOf = (code: string) => names.of(code === 'jw' ? 'jv' : code) ?? code;
  const order = new Intl.Collator(pageLanguage());
  const option = (code: string) => element('option', { value: code }, nameOf(code));
  const others = [...CODES].sort((a, b) => order.compare(nameOf(a), nameOf(b)));
  select.replaceChildren(
    tell(element('option', { value: 'auto' }), 'languageAuto'),
    ...TUNED.map(option),
    element('hr'),
    ...others.map(option),
  );
  select.value = chosen;
}

/** What the form says; null where the weight is no number from 0 to 1. */
export function readWish(): StreamWish | null {
  const weight = byId('wish-weight', HTMLInputElement);
  if (!weight.validity.valid) return null;
  const prompt = byId('wish-prompt', HTMLTextAreaElement).value.trim();
  const keywords = byId('wish-keywords', HTMLInputElement)
    .value.split(/[,，、;；]/u)
    .map((word) => word.trim())
    .filter((word) => word !== '');
  return {
    language: byId('wish-language', HTMLSelectElement).value,
    // The options of index.html.
    script: byId('wish-script', HTMLSelectElement).value as 'keep' | 'hans' | 'hant',
    ...(weight.value === '' ? {} : { llmWeight: weight.valueAsNumber }),
    ...(prompt === '' ? {} : { llmPrompt: prompt }),
    ...(keywords.length === 0 ? {} : { keywords }),
  };
}
