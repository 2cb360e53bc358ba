import type { ByteVocab } from '../../models/core/byte-vocab.ts';

/**
 * Characters that a text of the language cannot do without, by ISO 639-1 code. Languages that are missing here are
 * written with the basic Latin letters alone, as far as their tokens go. A vocabulary trimmed to other scripts would
 * spell these in single bytes, and its judgment of such text is worth nothing.
 */
const CHARACTERS: Readonly<Record<string, string>> = {
  am: 'ሀለመሰ', ar: 'ابتثجحخد', as: 'অআকখগ', az: 'əğıöşüç', ba: 'абвгәө', be: 'абвгўі', bg: 'абвгдъ', bn: 'অআকখগ',
  bo: 'ཀཁགང', cs: 'ěščřžýáíé', de: 'äöüß', el: 'αβγδε', es: 'ñáéíóú¿', et: 'äöüõ', fa: 'ابپتثچگ', fi: 'äö', fr: 'éèêàçôœ',
  gu: 'અઆકખગ', he: 'אבגדה', hi: 'अआकखग', hu: 'áéíóöőúüű', hy: 'աբգդ', ja: 'あいうアイウの', ka: 'აბგდ', kk: 'абвгәқ', km: 'កខគឃ',
  kn: 'ಅಆಕಖಗ', ko: '가나다라마', lo: 'ກຂຄງ', lt: 'ąčęėįšųūž', lv: 'āčēģīķļņšūž', mk: 'абвгѓќ', ml: 'അആകഖഗ', mn: 'абвгөү',
  mr: 'अआकखग', my: 'ကခဂဃ', ne: 'अआकखग', pa: 'ਅਆਕਖਗ', pl: 'ąćęłńóśźż', ps: 'ابپتټ', pt: 'ãõáéíóúç', ro: 'ăâîșț',
  ru: 'абвгдежзи', sa: 'अआकखग', sd: 'ابپتث', si: 'අආකඛග', sk: 'áäčďéíľňóôŕšťúýž', sr: 'абвгђћ', sv: 'åäö', ta: 'அஆகஙச',
  te: 'అఆకఖగ', tg: 'абвгғқ', th: 'กขคงจ', tk: 'äňöşüý', tr: 'çğıİöşü', tt: 'абвгәө', uk: 'абвгґєії', ur: 'ابپتٹ',
  vi: 'ăâđêôơưạảấầ', yi: 'אבגדה', yo: 'ẹọṣ', yue: '嘅喺唔佢', zh: '的一是不了人我在有他这來國說',
}; // biome-ignore format: a table

const BASIC_LATIN = 'etaoinshrdlucmfwypvbgkjqxz';

/** False where the vocabulary lacks characters of the language: use the full vocabulary, or leave the LLM out. */
export function coversLanguage(vocab: ByteVocab, language: string): boolean {
  return vocab.covers(CHARACTERS[language] ?? BASIC_LATIN);
}
