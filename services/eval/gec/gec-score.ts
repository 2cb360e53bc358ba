/**
 * Corrections judged: edits found, missed and made up, by type; sentences right as a whole; right ones that were changed.
 *
 * With gold edits (M2 files) the M2 scorer judges, in any language. With references alone, edits are cut out of them and
 * out of the hypothesis: characters in ChERRANT's manner for Chinese, words in ERRANT's manner for the rest.
 *
 * Types: of the gold edit for what was found or missed, of our own rules for what was made up; references give both by our
 * own rules. Chinese S, M, R, W (char-edits.ts); others M:PUNCT, R:SPELL and so on (token-edits.ts).
 */
import { type ChineseScript, convertScript } from '../normalizer/chinese-script.ts';
import type { EvalItem, GoldEdit, Hits } from '../results.ts';
import { charEdits, charEditType, charTokens } from './char-edits.ts';
import type { CharKnowledge } from './char-similarity.ts';
import { addHits, fBeta, NO_HITS, precision, recall, USUAL_BETA } from './f-score.ts';
import { type M2Counts, M2Scorer, type M2Sentence, tokensOf } from './m2-scorer.ts';
import { NOT_ANNOTATABLE, SpanScorer, type SpanSentence } from './span-scorer.ts';
import { editType, tokenListEdits } from './token-edits.ts';
import { wordTokens } from './word-tokens.ts';

/** What is judged. `references` may be empty where there are gold edits, and the other way round. */
export type GecItem = Pick<EvalItem, 'language' | 'references' | 'goldEdits'> & {
  readonly source: string;
  readonly hypothesis: string;
};

export interface GecOptions {
  readonly beta?: number;
  /** M2 alone: words that an edit may leave unchanged inside it. */
  readonly maxUnchangedWords?: number;
  /** M2 alone. */
  readonly ignoreWhitespaceCasing?: boolean;
  /** Chinese alone: tables that price substitutions; see char-similarity.ts. */
  readonly knowledge?: CharKnowledge;
  /** Chinese alone: all cheapest alignments, as ChERRANT by default, or the first. */
  readonly alignments?: 'all' | 'first';
  /**
   * Chinese alone: into which script references and hypotheses are brought. ChERRANT makes them Simplified (`hans`) and
   * leaves the source; `auto` does so too, but keeps all as it is where source and references are Traditional. Default
   * `auto`.
   */
  readonly script?: ChineseScript | 'auto';
}

export interface GecItemScore {
  /** By type, and `all` for the sum. Where M2 matches one edit to a gold edit that stands twice, tp counts both. */
  readonly edits: Readonly<Record<string, Hits>>;
  /** The source needed no change: so say all annotators or references. The system changed it. */
  readonly clean: { readonly sourceCorrect: boolean; readonly changed: boolean };
  /** The whole sentence is as a reference has it, or as the annotator who was counted wants it. */
  readonly exact: boolean;
  readonly method: 'm2' | 'char' | 'token';
  /** Index of the annotator or reference that was counted; -1 where the sentence cannot be annotated and is left out. */
  readonly reference: number;
}

export interface GecSummary {
  readonly items: number;
  readonly hits: Hits;
  readonly byType: ReadonlyMap<string, Hits>;
  readonly precision: number;
  readonly recall: number;
  readonly f: number;
  /** Items right as a whole, of all: 0..1; NaN without items. */
  readonly exactMatchRate: number;
  /** Items changed, of those whose source needed no change: 0..1; NaN where there are none. */
  readonly overCorrectionRate: number;
  readonly sourceCorrect: number;
  readonly overCorrected: number;
  /** The published scorer's statistics, over items with gold edits. */
  readonly m2: M2Counts;
}

/** References that say so instead of repeating the source, or that say that none can be given (MuCGEC). */
const NO_ERROR = '没有错误';
const CANNOT_ANNOTATE = '无法标注';

/**
 * Share of Chinese characters that Simplified writing would change, above which a sentence counts as Traditional: the 1,000
 * Traditional sentences of SIGHAN 2013 have 0.065 to 0.5, Simplified ones with a stray Traditional character up to 0.053.
 */
const TRADITIONAL_SHARE = 0.06;

const HAN = /\p{sc=Han}/u;

/** One item by itself. Among several references the choice is then that item's own best; corpora want GecScorer. */
export function scoreGecItem(item: GecItem, options: GecOptions = {}): GecItemScore {
  return new GecScorer(options).add(item);
}

/**
 * A corpus, fed in its own order: which of several annotators or references counts is decided by F over what came before
 * (m2-scorer.ts, span-scorer.ts). Items with gold edits, Chinese ones and others keep sums of their own for that.
 */
export class GecScorer {
  readonly #options: GecOptions;
  readonly #beta: number;
  readonly #m2: M2Scorer;
  readonly #chars: SpanScorer;
  readonly #tokens: SpanScorer;
  readonly #byType = new Map<string, Hits>();
  #hits = NO_HITS;
  #items = 0;
  #exact = 0;
  #sourceCorrect = 0;
  #overCorrected = 0;

  constructor(options: GecOptions = {}) {
    this.#options = options;
    this.#beta = options.beta ?? USUAL_BETA;
    this.#m2 = new M2Scorer({ ...options, beta: this.#beta });
    this.#chars = new SpanScorer({ beta: this.#beta, ignoreSpaces: true });
    this.#tokens = new SpanScorer({ beta: this.#beta });
  }

  /**
   * Judges one item and adds it to the sums. Throws RangeError for sentences of more than some 4,000 tokens, and where
   * there is neither a reference nor a list of gold edits.
   */
  add(item: GecItem): GecItemScore {
    const score = item.goldEdits
      ? this.#byGoldEdits(item, item.goldEdits)
      : isChinese(item.language)
        ? this.#byCharacters(item)
        : this.#byWords(item);
    this.#items++;
    for (const [type, hits] of Object.entries(score.edits)) {
      if (type === 'all') this.#hits = addHits(this.#hits, hits);
      else this.#byType.set(type, addHits(this.#byType.get(type) ?? NO_HITS, hits));
    }
    if (score.exact) this.#exact++;
    if (score.clean.sourceCorrect) {
      this.#sourceCorrect++;
      if (score.clean.changed) this.#overCorrected++;
    }
    return score;
  }

  get summary(): GecSummary {
    return {
      items: this.#items,
      hits: this.#hits,
      byType: new Map(this.#byType),
      precision: precision(this.#hits),
      recall: recall(this.#hits),
      f: fBeta(this.#hits, this.#beta),
      exactMatchRate: this.#exact / this.#items,
      overCorrectionRate: this.#overCorrected / this.#sourceCorrect,
      sourceCorrect: this.#sourceCorrect,
      overCorrected: this.#overCorrected,
      m2: this.#m2.counts,
    };
  }

  #byGoldEdits({ language, source, hypothesis }: GecItem, goldEdits: readonly (readonly GoldEdit[])[]): GecItemScore {
    const written = isChinese(language) ? tokenizedLike(source, hypothesis) : hypothesis;
    const sentence = this.#m2.add(source, written, goldEdits);
    return {
      edits: hitsOfM2(sentence, language),
      clean: {
        sourceCorrect: goldEdits.every((edits) => edits.every(({ type, start }) => type === 'noop' || start < 0)),
        changed: tokensOf(source).join(' ') !== tokensOf(written).join(' '),
      },
      exact: sentence.correct === sentence.gold && sentence.correct === sentence.proposed,
      method: 'm2',
      reference: sentence.annotator,
    };
  }

  #byCharacters({ source, hypothesis, references }: GecItem): GecItemScore {
    const script = this.#options.script ?? 'auto';
    const target = script === 'auto' ? ([source, ...references].every(isTraditional) ? 'keep' : 'hans') : script;
    const before = charTokens(source).join('');
    const plain = (text: string) => {
      const whole = charTokens(text).join('');
      return whole === NO_ERROR ? before : charTokens(convertScript(whole, target)).join('');
    };
    // Who changed nothing changed no script either: the source itself is not converted, so that gold edits may.
    const after = hypothesis === source ? before : plain(hypothesis);
    const wanted = references.map(plain);
    const edits = wanted.map((text) => (text === CANNOT_ANNOTATE ? NOT_ANNOTATABLE : this.#charEdits(before, text)));
    const sentence = this.#chars.add(this.#charEdits(before, after), atLeastOne(edits));
    return spanScore('char', sentence, before, after, wanted);
  }

  #charEdits(source: string, target: string): GoldEdit[] {
    return charEdits(source, target, this.#options).flat();
  }

  #byWords({ language, source, hypothesis, references }: GecItem): GecItemScore {
    const tag = languageTag(language);
    const before = wordTokens(source);
    const after = wordTokens(hypothesis);
    const wanted = references.map(wordTokens);
    const edits = wanted.map((tokens) => tokenListEdits(before, tokens, tag));
    const sentence = this.#tokens.add(tokenListEdits(before, after, tag), atLeastOne(edits));
    return spanScore(
      'token',
      sentence,
      before.join(' '),
      after.join(' '),
      wanted.map((tokens) => tokens.join(' ')),
    );
  }
}

function atLeastOne<T>(references: readonly T[]): readonly T[] {
  if (references.length === 0) throw new RangeError('a correction needs a reference or gold edits to be judged by');
  return references;
}

function isChinese(language: string): boolean {
  return ['zh', 'yue'].includes(languageTag(language));
}

/** tr of tr-TR. */
function languageTag(language: string): string {
  return language.toLowerCase().split('-')[0]!;
}

function spanScore(
  method: 'char' | 'token',
  sentence: SpanSentence,
  before: string,
  after: string,
  wanted: readonly string[],
): GecItemScore {
  return {
    edits: { ...Object.fromEntries(sentence.hits), all: sentence.all },
    clean: { sourceCorrect: wanted.every((text) => text === before), changed: after !== before },
    exact: wanted.includes(after),
    method,
    reference: sentence.reference,
  };
}

function hitsOfM2(sentence: M2Sentence, language: string): Record<string, Hits> {
  const hits = new Map<string, Hits>();
  let all = NO_HITS;
  const count = (type: string, kind: keyof Hits) => {
    const one = { ...NO_HITS, [kind]: 1 };
    // A type of a gold file may be called anything; `all` is ours.
    const name = type === 'all' ? 'type all' : type;
    hits.set(name, addHits(hits.get(name) ?? NO_HITS, one));
    all = addHits(all, one);
  };
  for (const { edit, matches } of sentence.edits) {
    for (const gold of matches) count(gold.type, 'tp');
    if (matches.length === 0) count(ownType(edit.original, edit.correction, language), 'fp');
  }
  for (const gold of sentence.missed) count(gold.type, 'fn');
  return { ...Object.fromEntries(hits), all };
}

/** The M2 scorer likes edits that take unchanged neighbours in; the type is that of what is left without them. */
function ownType(original: string, correction: string, language: string): string {
  const from = tokensOf(original);
  const to = tokensOf(correction);
  while (from.length > 0 && to.length > 0 && from[0] === to[0]) {
    from.shift();
    to.shift();
  }
  while (from.length > 0 && to.length > 0 && from.at(-1) === to.at(-1)) {
    from.pop();
    to.pop();
  }
  if (isChinese(language)) return charEditType(from.join(' '), to.join(' '));
  return editType(wordTokens(from.join(' ')), wordTokens(to.join(' ')), languageTag(language));
}

/**
 * A Chinese M2 file has a space around each character, and systems are given, and give, text without: the hypothesis is
 * cut as the source is. Runs of Latin letters and digits stay whole where the source has such. A hypothesis that comes cut
 * stays as it is, and so does every one where the source is cut into words.
 */
export function tokenizedLike(source: string, hypothesis: string): string {
  const tokens = tokensOf(source);
  const byCharacter = (token: string) => [...token].length === 1 || !HAN.test(token);
  if (!tokens.every(byCharacter) || tokensOf(hypothesis).every(byCharacter)) return hypothesis;
  if (tokens.every((token) => [...token].length === 1)) return charTokens(hypothesis).join(' ');
  return (hypothesis.match(/\p{sc=Han}|(?:(?!\p{sc=Han})[\p{L}\p{M}\p{N}])+|\S/gu) ?? []).join(' ');
}

function isTraditional(text: string): boolean {
  const chars = [...text].filter((char) => HAN.test(char));
  const changed = chars.filter((char) => convertScript(char, 'hans') !== char).length;
  return changed > TRADITIONAL_SHARE * chars.length;
}
