/**
 * M2 files (Dahlmeier and Ng 2012): `S` and the tokens of a sentence, then its edits, each by an annotator:
 *
 *   A start end|||type|||correction[||alternative...]|||REQUIRED|||-NONE-|||annotator
 *
 * Offsets count tokens. The correction `-NONE-` deletes; type `noop` says that the annotator changed nothing. A sentence
 * without edits was found right by one annotator.
 */
import type { GoldEdit } from '../results.ts';
import type { Draft } from './draft.ts';
import { malformed, quoted } from './malformed.ts';
import { type DataFile, readLines, type TextLine } from './text-lines.ts';

interface Sentence {
  readonly number: number;
  readonly source: string;
  readonly tokens: readonly string[];
  readonly annotators: Map<number, GoldEdit[]>;
}

const FIELDS = 6;

/**
 * `target`: the corrected sentences, one a line. Without it an annotator's edits make the reference: first alternatives,
 * from left to right, and of two edits that overlap (some published files have them) the first.
 */
export async function* readM2(file: DataFile, target?: DataFile): AsyncGenerator<Draft> {
  const targets = target && readLines(target);
  try {
    for await (const sentence of sentences(file)) {
      const where = `${file.name}:${sentence.number}`;
      const goldEdits = [...sentence.annotators].sort(([a], [b]) => a - b).map(([, edits]) => edits);
      if (goldEdits.length === 0) goldEdits.push([]);
      const corrected = targets ? [await nextTarget(targets, target!, where)] : references(sentence.tokens, goldEdits);
      yield {
        id: String(sentence.number),
        where,
        number: sentence.number,
        source: sentence.source,
        references: corrected,
        goldEdits,
      };
    }
    for await (const { text, number } of targets ?? []) {
      if (text.trim() !== '')
        throw malformed(`${target!.name}:${number}`, `${file.name} has no sentence for this line`);
    }
  } finally {
    await targets?.return(undefined);
  }
}

async function nextTarget(targets: AsyncGenerator<TextLine>, target: DataFile, where: string): Promise<string> {
  const next = await targets.next();
  if (next.done) throw malformed(where, `${target.name} has no line for this sentence`);
  // M2 knows tokens only, so further spaces of the corrected text are nothing that an edit could make.
  const text = next.value.text.trim().replace(/\s+/g, ' ');
  if (text === '') throw malformed(`${target.name}:${next.value.number}`, 'the reference is empty');
  return text;
}

async function* sentences(file: DataFile): AsyncGenerator<Sentence> {
  let sentence: Sentence | null = null;
  for await (const { text, number } of readLines(file)) {
    const where = `${file.name}:${number}`;
    if (text.trim() === '') continue;
    if (text === 'S' || text.startsWith('S ')) {
      if (sentence) yield sentence;
      const source = text.slice(2).trim();
      if (source === '') throw malformed(where, 'a sentence without tokens');
      sentence = { number, source, tokens: source.split(/\s+/), annotators: new Map() };
    } else if (text.startsWith('A ')) {
      if (!sentence) throw malformed(where, 'an edit before the first sentence');
      readEdit(text.slice(2), sentence, where);
    } else throw malformed(where, `${quoted(text)} is neither a sentence (S) nor an edit (A)`);
  }
  if (sentence) yield sentence;
}

function readEdit(text: string, sentence: Sentence, where: string): void {
  const fields = text.split('|||');
  if (fields.length !== FIELDS) {
    throw malformed(where, `${fields.length} fields, where "A start end|||type|||..." has ${FIELDS}`);
  }
  const [span, type, correction, , , annotatorText] = fields as [string, string, string, string, string, string];
  const annotator = /^\d{1,6}$/.test(annotatorText.trim()) ? Number(annotatorText) : Number.NaN;
  if (Number.isNaN(annotator)) throw malformed(where, `${quoted(annotatorText)} is not the number of an annotator`);
  const edits = sentence.annotators.get(annotator) ?? [];
  sentence.annotators.set(annotator, edits);
  if (type === 'noop') return;
  const found = /^(\d{1,9}) (\d{1,9})$/.exec(span.trim());
  const [start, end] = [Number(found?.[1]), Number(found?.[2])];
  if (!found || start > end || end > sentence.tokens.length) {
    throw malformed(where, `${quoted(span)} is no span of a sentence of ${sentence.tokens.length} tokens`);
  }
  const corrections = correction.split('||').map((one) => (one.trim() === '-NONE-' ? '' : one.trim()));
  edits.push({ start, end, type, corrections });
}

/** The corrected sentence of each annotator, equal ones once; one that deletes everything is left out. */
function references(tokens: readonly string[], annotators: readonly (readonly GoldEdit[])[]): string[] {
  const all = annotators.map((edits) => applyEdits(tokens, edits)).filter((text) => text !== '');
  return [...new Set(all)];
}

function applyEdits(tokens: readonly string[], edits: readonly GoldEdit[]): string {
  const sorted = edits.map((edit, i) => ({ edit, i })).sort((a, b) => a.edit.start - b.edit.start || a.i - b.i);
  const words: string[] = [];
  let at = 0;
  for (const { edit } of sorted) {
    if (edit.start < at) continue;
    words.push(...tokens.slice(at, edit.start), ...edit.corrections[0]!.split(/\s+/).filter(Boolean));
    at = edit.end;
  }
  words.push(...tokens.slice(at));
  return words.join(' ');
}
