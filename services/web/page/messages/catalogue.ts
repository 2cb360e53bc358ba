/** Which messages there are and which language to start in. The compiler holds every catalogue to the keys of English. */
import { EN } from './en.ts';
import { TR } from './tr.ts';
import { ZH } from './zh.ts';

export type MessageKey = keyof typeof EN;
export type Messages = Readonly<Record<MessageKey, string>>;
export type Values = Readonly<Record<string, string | number>>;

export const LANGUAGES = ['en', 'zh', 'tr'] as const;
export type PageLanguage = (typeof LANGUAGES)[number];

export const CATALOGUE: Readonly<Record<PageLanguage, Messages>> = { en: EN, zh: ZH, tr: TR };

/** `{names}` replaced by their values; a name without a value stays as it is. */
export function filled(message: string, values: Values): string {
  return message.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** The reader's choice, else the first language of the browser that the page has. */
export function preferredLanguage(stored: string | null, wanted: readonly string[]): PageLanguage {
  const known = (tag: string | null) => LANGUAGES.find((language) => language === tag?.split('-')[0]);
  return known(stored) ?? wanted.map(known).find((language) => language !== undefined) ?? 'en';
}
