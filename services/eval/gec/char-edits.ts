/**
 * Edits between two Chinese sentences, character by character, in the manner of ChERRANT (Zhang et al. 2022, "MuCGEC: a
 * Multi-Reference Multi-Source Evaluation Dataset for Chinese Grammatical Error Correction", NAACL).
 *
 * STEP 1, `alignment.ts`: all cheapest alignments, with moved characters as steps of their own.
 * STEP 2, here: steps that touch become one edit; a deletion and an insertion of the same text around a stretch that
 * stays become a move; what an edit has in common at its ends is cut off.
 *
 * Types: S something else is written, M something is missing, R something is too much, W the order is wrong.
 *
 * With `alignments: 'all'`, the published default, a sentence has one list of edits for each cheapest alignment, and the
 * published scorer counts the edits of all lists (span-scorer.ts). 昨天好。 -> 昨天。得好 has two: 好 is deleted and 得好
 * added at the end, or 。得 is added before 好 and the last mark deleted; nobody can say which.
 */
import type { GoldEdit } from '../results.ts';
import { type AlignStep, cheapestAlignments } from './alignment.ts';
import { type CharKnowledge, NOTHING_KNOWN } from './char-similarity.ts';
import { letterDistance, lettersOf } from './letter-distance.ts';

export interface CharEditOptions {
  /** What prices substitutions; by default nothing is known of characters. */
  readonly knowledge?: CharKnowledge;
  /** Every cheapest alignment (published default), or the first alone. */
  readonly alignments?: 'all' | 'first';
}

/** Stands for words that nobody can guess, in some corpora; one token. */
const MISSING_PART = '[缺失成分]';

/** Neither side of a move may be one of these, or a run of them as it stands here. */
const UNMOVABLE =
  '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~' +
  "！？｡＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟–—‘'‛“”„‟…‧.";

/** Code points without white space. Offsets of edits count these. */
export function charTokens(text: string): string[] {
  const parts = text.replace(/\p{White_Space}+/gu, '').split(MISSING_PART);
  return parts.flatMap((part, i) => (i === 0 ? [...part] : [MISSING_PART, ...part]));
}

/**
 * Edits that make `target` of `source`: one list per alignment, no two lists equal, each from left to right. [[]] where
 * the two are equal. Throws RangeError for sentences of more than about 4,000 characters.
 */
export function charEdits(source: string, target: string, options: CharEditOptions = {}): GoldEdit[][] {
  const src = charTokens(source);
  const tgt = charTokens(target);
  if (src.join('') === tgt.join('')) return [[]];
  const lists = new Map<string, GoldEdit[]>();
  const knowledge = options.knowledge ?? NOTHING_KNOWN;
  for (const steps of cheapestAlignments(src, tgt, { knowledge, alignments: options.alignments ?? 'all' })) {
    const spans = trimOverlaps(findMoves(joinSteps(steps), src, tgt), src, tgt);
    const key = spans.map((span) => Object.values(span).join(' ')).join('|');
    if (!lists.has(key))
      lists.set(
        key,
        spans.map((span) => editOf(span, tgt)),
      );
  }
  return [...lists.values()];
}

/** S, M, R or W: what it is to write the second text for the first, white space aside. One of them may be empty. */
export function charEditType(original: string, correction: string): string {
  const src = charTokens(original);
  const tgt = charTokens(correction);
  if (src.length === 0) return 'M';
  if (tgt.length === 0) return 'R';
  return src.length > 1 && src.sort().join('') === tgt.sort().join('') ? 'W' : 'S';
}

const TYPE_OF = { S: 'S', D: 'R', I: 'M', T: 'W' } as const;

function editOf(span: AlignStep, tgt: readonly string[]): GoldEdit {
  const correction = span.kind === 'D' ? '' : tgt.slice(span.tgtStart, span.tgtEnd).join(' ');
  return { start: span.start, end: span.end, type: TYPE_OF[span.kind as 'S'], corrections: [correction] };
}

/** Runs of matches, and runs of anything but matches and moves, become one span each; moves stay single. */
function joinSteps(steps: readonly AlignStep[]): AlignStep[] {
  const spans: AlignStep[] = [];
  for (let i = 0; i < steps.length; ) {
    const kind = steps[i]!.kind;
    if (kind === 'T') {
      spans.push(steps[i++]!);
      continue;
    }
    let end = i + 1;
    while (end < steps.length && steps[end]!.kind !== 'T' && (steps[end]!.kind === 'M') === (kind === 'M')) end++;
    const run = steps.slice(i, end);
    const kinds = new Set(run.map((step) => step.kind));
    if (kinds.size === 1) spans.push(joined(run, kind));
    else if (kinds.has('S')) spans.push(joined(run, 'S'));
    // Deletions beside insertions alone: two decisions of the writer, kept apart.
    else spans.push(...run);
    i = end;
  }
  return spans;
}

function joined(run: readonly AlignStep[], kind: AlignStep['kind']): AlignStep {
  const [first, last] = [run[0]!, run.at(-1)!];
  return { kind, start: first.start, end: last.end, tgtStart: first.tgtStart, tgtEnd: last.tgtEnd };
}

/** Two changes around a stretch that stays, and which undo each other, are one move. Leaves out what stays. */
function findMoves(spans: readonly AlignStep[], src: readonly string[], tgt: readonly string[]): AlignStep[] {
  const out: AlignStep[] = [];
  for (let i = 0; i < spans.length; ) {
    const three = spans.slice(i, i + 3);
    if (three.length === 3 && isMove(three as [AlignStep, AlignStep, AlignStep], src, tgt)) {
      out.push(joined(three, 'T'));
      i += 3;
    } else {
      if (spans[i]!.kind !== 'M') out.push(spans[i]!);
      i++;
    }
  }
  return out;
}

function isMove(
  [before, middle, after]: [AlignStep, AlignStep, AlignStep],
  src: readonly string[],
  tgt: readonly string[],
): boolean {
  const from = (span: AlignStep) => src.slice(span.start, span.end).join('');
  const to = (span: AlignStep) => tgt.slice(span.tgtStart, span.tgtEnd).join('');
  const order = before.kind + middle.kind + after.kind;
  if (order === 'SMS') {
    const texts = [from(before), to(before), from(after), to(after)] as const;
    const exact = Math.min(...texts.map(lengthOf)) === 1;
    const reach = exact ? 0 : 1;
    return distance(texts[0], texts[3]) <= reach && distance(texts[1], texts[2]) <= reach;
  }
  if (!/^(?:D[MT]I|I[MT]D)$/u.test(order)) return false;
  const [deleted, inserted] = before.kind === 'D' ? [from(before), to(after)] : [from(after), to(before)];
  const [long, short] = lengthOf(deleted) < lengthOf(inserted) ? [inserted, deleted] : [deleted, inserted];
  if (UNMOVABLE.includes(long) || UNMOVABLE.includes(short)) return false;
  const extra = lengthOf(long) - lengthOf(short);
  if (extra > 1) return false;
  if (lengthOf(short) === 1) return long === short;
  return distance(long, short) <= 1 || (extra === 0 && (long + long).includes(short));
}

function lengthOf(text: string): number {
  return [...text].length;
}

/** Levenshtein distance in characters. */
function distance(a: string, b: string): number {
  return letterDistance(lettersOf(a), lettersOf(b));
}

/** Cuts what a substitution has in common at its ends, and drops edits that change nothing. */
function trimOverlaps(spans: readonly AlignStep[], src: readonly string[], tgt: readonly string[]): AlignStep[] {
  return spans.flatMap((span): AlignStep[] => {
    const written = tgt.slice(span.tgtStart, span.tgtEnd).join('');
    if (src.slice(span.start, span.end).join('') === written) return [];
    if (span.kind !== 'S') return [span];
    let { start, end, tgtStart, tgtEnd } = span;
    const head = commonHead(src.slice(start, end), tgt.slice(tgtStart, tgtEnd));
    start += head;
    tgtStart += head;
    // The tail is compared with all that is written, the head included: AXA -> A gives back what the head took.
    const tail = commonTail(src.slice(start, end), tgt.slice(span.tgtStart, tgtEnd));
    if (tail > 0 && tail <= tgtEnd - tgtStart) {
      end -= tail;
      tgtEnd -= tail;
    }
    if (head === 0 && end === span.end) return [span];
    const kind = start === end ? 'I' : tgtStart === tgtEnd ? 'D' : 'S';
    return [{ kind, start, end, tgtStart, tgtEnd }];
  });
}

function commonHead(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

function commonTail(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a.at(-1 - length) === b.at(-1 - length)) length++;
  return length;
}
