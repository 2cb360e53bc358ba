/**
 * The words of the page in its three languages. Elements name their message (`data-message`), so changing the language is
 * one walk over the document. Nothing here changes the case of a text: in Turkish i and ı are different letters.
 */
import {
  CATALOGUE,
  filled,
  type MessageKey,
  type PageLanguage,
  preferredLanguage,
  type Values,
} from './messages/catalogue.ts';

const STORED_LANGUAGE = 'bytefuse.language';
/** Attribute that a message is written to, by the data attribute that names it; null is the text. */
const TARGETS: Readonly<Record<string, string | null>> = {
  'data-message': null,
  'data-label': 'aria-label',
  'data-placeholder': 'placeholder',
};

let current: PageLanguage = 'en';

export function pageLanguage(): PageLanguage {
  return current;
}

/** The message with its `{names}` filled in. */
export function say(key: MessageKey, values: Values = {}): string {
  return filled(CATALOGUE[current][key], values);
}

/** Names the message of an element and writes it, as any later change of language will. */
export function tell<Target extends Element>(target: Target, key: MessageKey | '', values: Values = {}): Target {
  target.setAttribute('data-message', key);
  if (Object.keys(values).length > 0) target.setAttribute('data-values', JSON.stringify(values));
  else target.removeAttribute('data-values');
  write(target, 'data-message', null);
  return target;
}

/** The same for the label that a screen reader says. */
export function label<Target extends Element>(target: Target, key: MessageKey, values: Values = {}): Target {
  target.setAttribute('data-label', key);
  if (Object.keys(values).length > 0) target.setAttribute('data-values', JSON.stringify(values));
  write(target, 'data-label', 'aria-label');
  return target;
}

/** Puts the whole document into a language and tells whoever listens for `languagechosen`. */
export function speak(language: PageLanguage): void {
  current = language;
  document.documentElement.lang = language === 'zh' ? 'zh-Hans' : language;
  for (const [attribute, target] of Object.entries(TARGETS)) {
    for (const named of document.querySelectorAll(`[${attribute}]`)) write(named, attribute, target);
  }
  document.title = say('title');
  dispatchEvent(new Event('languagechosen'));
}

export function storedLanguage(): PageLanguage {
  return preferredLanguage(localStorage.getItem(STORED_LANGUAGE), navigator.languages);
}

export function chooseLanguage(language: PageLanguage): void {
  localStorage.setItem(STORED_LANGUAGE, language);
  speak(language);
}

function write(target: Element, attribute: string, to: string | null): void {
  const key = target.getAttribute(attribute) ?? '';
  const values = JSON.parse(target.getAttribute('data-values') ?? '{}') as Values;
  const text = key in CATALOGUE.en ? say(key as MessageKey, values) : '';
  if (to === null) target.textContent = text;
  else target.setAttribute(to, text);
}
