/**
 * Which entries the language model may choose among. Never more than the recognizer itself holds likely: an entry may be
 * used at a frame only if it is within some nats of the frame's best. How many depends on what is printed there. In a word
 * the language model knows better than the recognizer whether a dot belongs on an i; in a number it knows nothing.
 */
import type { EntryRule } from './frame-entries.ts';
import type { LanguageLetters } from './letters.ts';

/** In nats below the likeliest entry of a frame. */
export interface FaithfulLimits {
  /** Another character in a word. */
  readonly wordNats: number;
  /** A character that this recognizer is known to miss in this language (letters.ts), in a word; less its shift. */
  readonly confusionNats: number;
  /** The same in a name. */
  readonly nameNats: number;
  /** The other way round: a dot, cedilla or accent that it saw this time. */
  readonly seenNats: number;
  /** The same letter, large for small or small for large: most of it is where a sentence begins, and lines begin anywhere. */
  readonly caseNats: number;
  /** Another mark of punctuation, none at all, or one where none was seen. */
  readonly markNats: number;
  /** A character where the recognizer saw none, or no space or sign where it saw one. */
  readonly editNats: number;
  /** No letter where it saw one: it seldom sees what is not there, and a name may well be unheard of. */
  readonly dropNats: number;
  /** Anything in codes (letters with digits, addresses) and in names that may be no words. */
  readonly faithfulNats: number;
  /** A digit in exchange for another character, or the other way round, in what is no plain number. */
  readonly digitNats: number;
}

/** `capitals`: what is printed in them, the letters aside that the recognizer reads as small ones. */
export type SpanClass = 'word' | 'name' | 'capitals' | 'code' | 'number';

/** A character with its frames, half open. */
export interface SpanChar {
  readonly text: string;
  readonly startFrame: number;
  readonly endFrame: number;
}

const DIGIT = /\p{Nd}/u;
const LETTER = /\p{L}/u;
const CAPITAL = /^\p{Lu}$/u;
const SMALL = /^\p{Ll}$/u;
const MARK = /^[^\p{L}\p{N}\s]+$/u;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
/** Addresses of the web and of mail. */
const ADDRESS = /@|:\/\/|^www\.|\p{L}\.(?:com|org|net|edu|gov|io|cn|tr|tw|hk|uk|de)\b/iu;
/** Ends of sentences: a capital after them says nothing of names. */
const SENTENCE_END = /[.!?…:。！？："“«(（]\s*$/u;

/**
 * Class of each frame of a line, judged from its likeliest reading: a span is what stands between spaces, or between
 * characters of scripts that do not use spaces. Half of a gap belongs to each side; the spaces beside a number or code
 * belong to it, for "Bill: 20/11" and "Bill:20/11" make equal sense and only one of them is printed.
 */
export function frameClasses(chars: readonly SpanChar[], frames: number): SpanClass[] {
  const classes: SpanClass[] = new Array(frames).fill('word');
  let before = '';
  for (let first = 0; first < chars.length; ) {
    let last = first;
    while (last + 1 < chars.length && continues(chars[last]!.text, chars[last + 1]!.text)) last++;
    const text = chars
      .slice(first, last + 1)
      .map((char) => char.text)
      .join('');
    const kind = classOf(text, before === '' || SENTENCE_END.test(before));
    if (kind !== 'word') {
      let [from, to] = [first, last + 1];
      if (kind === 'code' || kind === 'number') {
        while (from > 0 && isSpace(chars[from - 1]!)) from--;
        while (to < chars.length && isSpace(chars[to]!)) to++;
      }
      const start = from === 0 ? 0 : middle(chars[from - 1]!.endFrame, chars[from]!.startFrame);
      const end = to === chars.length ? frames : middle(chars[to - 1]!.endFrame, chars[to]!.startFrame);
      classes.fill(kind, start, end);
    }
    before += text;
    first = last + 1;
  }
  return classes;
}

/** Class of one span. A capital at the start of a sentence (or line) is no sign of a name. */
export function classOf(span: string, startsSentence: boolean): SpanClass {
  if (ADDRESS.test(span)) return 'code';
  if (DIGIT.test(span)) return LETTER.test(span) && !UNSPACED.test(span) ? 'code' : 'number';
  const letters = span.match(/\p{L}/gu) ?? [];
  const capitals = span.match(/\p{Lu}/gu) ?? [];
  if (capitals.length > 1 && capitals.length > letters.length / 2) return 'capitals';
  if (capitals.length > 0 && (!startsSentence || capitals.length > 1)) return 'name';
  return 'word';
}

export interface FaithfulContext {
  readonly classes: readonly SpanClass[];
  readonly textOf: (id: number) => string;
  readonly blank: number;
  readonly letters: LanguageLetters;
  /** One form of characters that differ in form alone (width, script): choosing between them is the recognizer's. */
  readonly formOf: (text: string) => string;
}

/**
 * The rule for `frameEntries`. In a number only the recognizer's own best stands; a digit is nowhere exchanged for another
 * digit, dropped, or put where the recognizer saw nothing. A letter that the language does not write, or another form of
 * the same character, is no alternative.
 */
export function faithfulRule(context: FaithfulContext, limits: FaithfulLimits): EntryRule {
  const { classes, blank, letters } = context;
  const traits = new Map<number, Traits>();
  const traitsOf = (id: number): Traits => {
    let known = traits.get(id);
    if (known === undefined) {
      known = id === blank ? BLANK : traitsOfText(context.textOf(id), context);
      traits.set(id, known);
    }
    return known;
  };
  return (frame, id, logProb, best) => {
    const kind = classes[frame]!;
    const gap = best.logProb - logProb;
    if (id === best.id) return true;
    if (kind === 'number' || gap > Math.max(limits.wordNats, limits.confusionNats, limits.faithfulNats)) return false;
    const from = traitsOf(best.id);
    const to = traitsOf(id);
    if (to.isForeign || to.form === from.form) return false;
    // Small letters are commoner, so the language model likes them better; small ones that should be large are its to mend.
    if (kind === 'capitals' && from.isCapital && to.isSmall) return false;
    let limit = limitOf(kind, from, to, limits, letters);
    if (from.isDigit || to.isDigit) {
      if (from.isDigit === to.isDigit || from === BLANK || to === BLANK) return false;
      limit = Math.min(limit, limits.digitNats);
    }
    return gap <= limit;
  };
}

interface Traits {
  readonly text: string;
  readonly form: string;
  readonly isDigit: boolean;
  /** Without case and marks; empty for what is no letter. */
  readonly letter: string;
  readonly isCapital: boolean;
  readonly isSmall: boolean;
  /** Neither letter, digit nor space; nothing at all is one too, so that marks come and go as marks change. */
  readonly isMark: boolean;
  /** A letter that the language does not write. */
  readonly isForeign: boolean;
}

/** "Nothing here" is a text like another: it may be exchanged for a character, within its own limit. */
const BLANK: Traits = {
  text: '',
  form: '',
  isDigit: false,
  letter: '',
  isCapital: false,
  isSmall: false,
  isMark: true,
  isForeign: false,
};

function traitsOfText(text: string, { letters, formOf }: FaithfulContext): Traits {
  const isForeign = LETTER.test(text) && !letters.writes(text);
  return {
    text,
    form: formOf(text),
    isDigit: DIGIT.test(text),
    letter: LETTER.test(text) ? text.normalize('NFD')[0]!.toLowerCase() : '',
    isCapital: CAPITAL.test(text),
    isSmall: SMALL.test(text),
    isMark: MARK.test(text),
    isForeign,
  };
}

function limitOf(
  kind: SpanClass,
  from: Traits,
  to: Traits,
  { wordNats, confusionNats, nameNats, seenNats, caseNats, markNats, editNats, dropNats, faithfulNats }: FaithfulLimits,
  letters: LanguageLetters,
): number {
  const general = kind === 'word' ? wordNats : faithfulNats;
  // Quotes, commas and stops are printed or not: the sense of a line says little of which.
  if (from.isMark && to.isMark) return Math.min(general, markNats);
  if (to === BLANK && LETTER.test(from.text)) return Math.min(general, dropNats);
  if (from === BLANK || to === BLANK) return Math.min(general, editNats);
  if (letters.misses(to.text, from.text) || dropsMark(from.text, to.text)) {
    // What was put first by its shift alone was not seen.
    return Math.min(general, seenNats + letters.shiftNats(from.text));
  }
  // Among capitals a small letter was misread.
  if (kind !== 'capitals' && from.letter !== '' && from.letter === to.letter && from.isCapital !== to.isCapital) {
    return Math.min(general, caseNats);
  }
  if (kind === 'code' || !letters.misses(from.text, to.text)) return general;
  if (kind === 'capitals') return Math.max(general, nameNats);
  // Where a small letter and a capital may both stand, a shift decides between likely letters and makes no other likely.
  return Math.max(0, (kind === 'word' ? confusionNats : nameNats) - letters.shiftNats(to.text));
}

function isSpace({ text }: SpanChar): boolean {
  return /^\s*$/u.test(text);
}

/** True where a letter loses its accent, cedilla or dots: é for e in a foreign name, say. */
function dropsMark(from: string, to: string): boolean {
  return from !== to && from.normalize('NFD')[0] === to;
}

/** True where a span goes on from one character to the next. */
function continues(left: string, right: string): boolean {
  if (/\s/u.test(left) || /\s/u.test(right)) return false;
  return UNSPACED.test(left) === UNSPACED.test(right);
}

function middle(end: number, start: number): number {
  return end + Math.floor((start - end) / 2);
}
