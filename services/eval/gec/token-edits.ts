/**
 * Edits between two Turkish or English sentences, word by word, in the manner of ERRANT (Bryant, Felice and Briscoe 2017)
 * as far as that goes without a tagger and a dictionary: aligned with moves, joined by rules, typed by operation and class.
 *
 * STEP 1, align. A substitution of words costs 0.75 + Levenshtein distance / length of the longer (0.1 where only case
 * differs), of punctuation 0.5; punctuation never stands for a word.
 * STEP 2, join, in each run of steps that touch: what spells the same letters with other spaces is one edit; so is a word
 * whose ending was taken for a clitic or the other way round, small slips included. Of the rest, deletions in a row are
 * one edit and insertions in a row are one, punctuation apart from words; substitutions and moves stay single.
 * STEP 3, type. M: something is missing, U: something is unnecessary, R: something is to be replaced. Then, the first that
 * fits:
 *
 * | class  | what                                                                                                  |
 * |--------|-------------------------------------------------------------------------------------------------------|
 * | WO     | the same words in another order                                                                       |
 * | PUNCT  | punctuation alone                                                                                     |
 * | CLITIC | Turkish de/da, ki and the question particle mi (with its endings), written together instead of apart, |
 * |        | apart instead of together, or in the wrong form                                                       |
 * | ORTH   | the same letters: case, spaces, hyphens, apostrophes                                                  |
 * | SPELL  | one word: few letters wrong, and not only its ending; or any number of dots, tails and hats           |
 * | OTHER  | anything else                                                                                         |
 *
 * Without a dictionary a wrong ending cannot be told from a misspelt one (geldim, geldin), so a change at the end of a word
 * is OTHER, unless it swaps a voiced and a voiceless consonant at equal length (herkez, herkes).
 */
import { lowerTurkish } from '../normalizer/turkish.ts';
import type { GoldEdit } from '../results.ts';
import { AlignmentTable, type AlignStep } from './alignment.ts';
import { letterDistance, lettersOf } from './letter-distance.ts';
import { isWord, wordTokens } from './word-tokens.ts';

export type EditClass = 'WO' | 'PUNCT' | 'CLITIC' | 'ORTH' | 'SPELL' | 'OTHER';

/** Only case differs: nearly nothing, but not for the doubled word beside one that stands as it should. */
const CASE_COST = 0.1;

/** Dearer than deleting one token and inserting the other. */
const NEVER = 3;

/** Share of a word's letters that may be wrong in a misspelling; one letter always may. */
const SPELL_SHARE_MAX = 0.34;

/** What follows the question particle mi in one word with it: person, past (ydi), hearsay (ymiş), copula (dir), yken. */
const AFTER_MI = [
  'y?[ıiuü][mz]',
  's[ıiuü]n(?:[ıiuü]z)?',
  'yd[ıiuü](?:m|n|k|n[ıiuü]z|l[ae]r)?',
  'ym[ıiuü]ş\\p{L}*',
  'd[ıiuü]r(?:l[ae]r)?',
  'yken',
];

/** de/da (te/ta is how some write it), ki, mi with its endings; folded. */
const CLITIC = new RegExp(`^(?:[dt][ea]|ki|m[ıiuü](?:${AFTER_MI.join('|')})?)$`, 'u');

const SAME_LETTER_OTHERWISE = /[\s'’ʼ‘`´\-‐‑]/gu;

/** Consonants that Turkish swaps at the end of a stem, and that writers confuse there. */
const VOICE_PAIRS = new Set(['pb', 'bp', 'çc', 'cç', 'td', 'dt', 'kg', 'gk', 'kğ', 'ğk', 'sz', 'zs']);

/** Edits from left to right. Offsets count `wordTokens(source)`. Throws RangeError above some 4,000 tokens. */
export function tokenEdits(source: string, target: string, language: string): GoldEdit[] {
  return tokenListEdits(wordTokens(source), wordTokens(target), language);
}

/** The same for tokens. `language`: ISO 639-1; only Turkish ('tr') has rules of its own. */
export function tokenListEdits(src: readonly string[], tgt: readonly string[], language: string): GoldEdit[] {
  const fold = foldingOf(language);
  // Each token is priced against all of the other side: what is known of it is found out once.
  const known = new Map<string, Token>();
  for (const token of [...src, ...tgt]) {
    const folded = fold(token);
    if (!known.has(token)) known.set(token, { folded, letters: lettersOf(folded), word: isWord(folded) });
  }
  const cost = (a: string, b: string) => substitutionCost(known.get(a)!, known.get(b)!);
  const table = new AlignmentTable(src, tgt, cost, (token) => known.get(token)!.folded);
  const steps: readonly AlignStep[] = table.alignments().next().value ?? [];
  return joinSteps(steps, src, tgt, language).map((span) => {
    const written = tgt.slice(span.tgtStart, span.tgtEnd);
    const type = span.kind === 'T' ? 'R:WO' : editType(src.slice(span.start, span.end), written, language);
    return { start: span.start, end: span.end, type, corrections: [written.join(' ')] };
  });
}

/** `M:PUNCT`, `R:SPELL`, ...: what it is to write the second tokens for the first. One side may be empty, not both. */
export function editType(original: readonly string[], correction: readonly string[], language: string): string {
  const operation = original.length === 0 ? 'M' : correction.length === 0 ? 'U' : 'R';
  return `${operation}:${classOf(original, correction, language)}`;
}

function classOf(original: readonly string[], correction: readonly string[], language: string): EditClass {
  if (![...original, ...correction].some(isWord)) return 'PUNCT';
  if (original.length === 0 || correction.length === 0) return 'OTHER';
  const fold = foldingOf(language);
  const from = original.map(fold);
  const to = correction.map(fold);
  if (from.length > 1 && from.join(' ') !== to.join(' ') && [...from].sort().join(' ') === [...to].sort().join(' ')) {
    return 'WO';
  }
  if (language === 'tr' && isCliticChange(from, to)) return 'CLITIC';
  if (bareLetters(from) === bareLetters(to)) return 'ORTH';
  if (from.length === 1 && to.length === 1 && isMisspelling(from[0]!, to[0]!)) return 'SPELL';
  return 'OTHER';
}

/** Case folding by the language's rules: I is the capital of ı in Turkish and of i elsewhere. */
function foldingOf(language: string): (token: string) => string {
  return language === 'tr' ? lowerTurkish : (token) => token.toLowerCase();
}

interface Token {
  readonly folded: string;
  readonly letters: readonly number[];
  readonly word: boolean;
}

function substitutionCost(a: Token, b: Token): number {
  if (a.folded === b.folded) return CASE_COST;
  if (a.word !== b.word) return NEVER;
  if (!a.word) return 0.5;
  return 0.75 + letterDistance(a.letters, b.letters) / Math.max(a.letters.length, b.letters.length);
}

function joinSteps(
  steps: readonly AlignStep[],
  src: readonly string[],
  tgt: readonly string[],
  language: string,
): AlignStep[] {
  const spans: AlignStep[] = [];
  for (let i = 0; i < steps.length; ) {
    const step = steps[i]!;
    if (step.kind === 'M') i++;
    else if (step.kind === 'T') {
      spans.push(step);
      i++;
    } else {
      let end = i + 1;
      while (end < steps.length && steps[end]!.kind !== 'M' && steps[end]!.kind !== 'T') end++;
      spans.push(...joinRun(steps.slice(i, end), src, tgt, language));
      i = end;
    }
  }
  return spans;
}

/** Looks for the longest stretch that differs in spaces alone, then joins what is beside it in the same way. */
function joinRun(
  run: readonly AlignStep[],
  src: readonly string[],
  tgt: readonly string[],
  language: string,
): AlignStep[] {
  const fold = foldingOf(language);
  const lengthMax = Math.min(run.length, RESPACED_STEPS_MAX);
  for (let length = lengthMax; length > 1; length--) {
    for (let at = 0; at + length <= run.length; at++) {
      const whole = joined(run.slice(at, at + length), 'S');
      const from = src.slice(whole.start, whole.end).map(fold);
      const to = tgt.slice(whole.tgtStart, whole.tgtEnd).map(fold);
      if (from.length === 0 || to.length === 0 || ![...from, ...to].every(isWord)) continue;
      const respaced = bareLetters(from) === bareLetters(to) || (language === 'tr' && isCliticMove(from, to));
      if (!respaced) continue;
      return [
        ...joinRun(run.slice(0, at), src, tgt, language),
        whole,
        ...joinRun(run.slice(at + length), src, tgt, language),
      ];
    }
  }
  const spans: AlignStep[] = [];
  for (const step of run) {
    const last = spans.at(-1);
    const alike = last && step.kind !== 'S' && step.kind === last.kind && wordsIn(step) === wordsIn(last);
    if (alike) spans[spans.length - 1] = joined([last, step], step.kind);
    else spans.push(step);
  }
  return spans;

  function wordsIn(span: AlignStep): boolean {
    return [...src.slice(span.start, span.end), ...tgt.slice(span.tgtStart, span.tgtEnd)].some(isWord);
  }
}

/** Steps in an edit of spaces: no word falls into more pieces, and the search for them stays short in long runs. */
const RESPACED_STEPS_MAX = 6;

function joined(run: readonly AlignStep[], kind: AlignStep['kind']): AlignStep {
  const [first, last] = [run[0]!, run.at(-1)!];
  return { kind, start: first.start, end: last.end, tgtStart: first.tgtStart, tgtEnd: last.tgtEnd };
}

/** A clitic joined to the word before it or parted from it, or one clitic for another. Folded tokens. */
function isCliticChange(from: readonly string[], to: readonly string[]): boolean {
  if (from.length === 1 && to.length === 1) return CLITIC.test(from[0]!) && CLITIC.test(to[0]!);
  return isCliticMove(from, to);
}

/** Word and clitic on one side, the two as one word on the other; up to a quarter of the letters may differ besides. */
function isCliticMove(from: readonly string[], to: readonly string[]): boolean {
  const [together, apart] = from.length < to.length ? [from, to] : [to, from];
  if (together.length !== 1 || apart.length !== 2 || !CLITIC.test(apart[1]!)) return false;
  const [one, two] = [bareLetters(together), bareLetters(apart)];
  return distance(one, two) <= Math.max(one.length, two.length) / 4 && one.length > bareLetters([apart[0]!]).length;
}

function bareLetters(tokens: readonly string[]): string {
  return tokens.join('').replace(SAME_LETTER_OTHERWISE, '');
}

/** Of folded words: only marks are wrong (gunaydin), or few letters are, and not the last one, or only by its voice. */
function isMisspelling(a: string, b: string): boolean {
  if (withoutMarks(a) === withoutMarks(b)) return true;
  if (distance(a, b) > Math.max(1, SPELL_SHARE_MAX * Math.max(lengthOf(a), lengthOf(b)))) return false;
  const [last, other] = [[...a].at(-1)!, [...b].at(-1)!];
  return last === other || (lengthOf(a) === lengthOf(b) && VOICE_PAIRS.has(last + other));
}

function withoutMarks(word: string): string {
  return word.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('ı', 'i');
}

function lengthOf(text: string): number {
  return [...text].length;
}

/** Levenshtein distance in characters. */
function distance(a: string, b: string): number {
  return letterDistance(lettersOf(a), lettersOf(b));
}
