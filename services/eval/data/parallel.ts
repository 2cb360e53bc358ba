/**
 * Sentences beside their corrections, as text:
 *
 * - parallel: `source TAB target [TAB target...]`, or two files (or more: further references), line by line;
 * - MuCGEC (Zhang et al. 2022): `id TAB source TAB target [TAB target...]`;
 * - FASPell (Hong et al. 2019): `number of errors TAB wrong TAB right`.
 *
 * The target 没有错误 ("no error") stands for the source itself, as MuCGEC writes it.
 */
import type { EvalTask } from '../results.ts';
import { type Draft, type ReadContext, uniqueIds } from './draft.ts';
import { malformed, quoted } from './malformed.ts';
import { type DataFile, readLines, type TextLine } from './text-lines.ts';

export type TabForm = 'parallel' | 'mucgec' | 'faspell';

const NO_ERROR = '没有错误';

export async function* readParallel(
  file: DataFile,
  targets: readonly DataFile[],
  context: ReadContext,
): AsyncGenerator<Draft> {
  if (targets.length > 0) yield* readSideBySide(file, targets, context.task);
  else yield* readTabs(file, 'parallel', context);
}

/** Tab-separated lines; blank ones are skipped. MuCGEC's ids are checked for repetition, line numbers cannot repeat. */
export function readTabs(file: DataFile, form: TabForm, context: ReadContext): AsyncIterable<Draft> {
  const drafts = tabDrafts(file, form, context.task);
  return form === 'mucgec' && context.checkIds ? uniqueIds(drafts, file.name) : drafts;
}

async function* tabDrafts(file: DataFile, form: TabForm, task: EvalTask): AsyncGenerator<Draft> {
  for await (const { text, number } of readLines(file)) {
    if (text.trim() === '') continue;
    const where = `${file.name}:${number}`;
    const cells = text.split('\t');
    const head = form === 'parallel' ? undefined : cells.shift()!;
    if (form === 'faspell' && !/^\d+$/.test(head!))
      throw malformed(where, `${quoted(head!)} is not a number of errors`);
    if (form === 'mucgec' && head === '') throw malformed(where, 'the id is empty');
    const source = cells.shift() ?? '';
    // Spreadsheets pad rows with tabs to one width.
    while (cells.length > 1 && cells.at(-1) === '') cells.pop();
    if (cells.length === 0) throw malformed(where, 'no correction: the columns are divided by tabs');
    yield pairDraft(source, cells, { id: form === 'mucgec' ? head! : String(number), where, number }, task);
  }
}

async function* readSideBySide(file: DataFile, targets: readonly DataFile[], task: EvalTask): AsyncGenerator<Draft> {
  const readers = targets.map((target) => readLines(target));
  try {
    for await (const { text: source, number } of readLines(file)) {
      const where = `${file.name}:${number}`;
      const rest: string[] = [];
      for (const [i, reader] of readers.entries()) rest.push(await nextLine(reader, targets[i]!, where));
      if (source.trim() === '' && rest.every((line) => line.trim() === '')) continue;
      yield pairDraft(source, rest, { id: String(number), where, number }, task);
    }
    for (const [i, reader] of readers.entries()) {
      for await (const { text, number } of reader) {
        if (text.trim() !== '')
          throw malformed(`${targets[i]!.name}:${number}`, `${file.name} has no line for this one`);
      }
    }
  } finally {
    for (const reader of readers) await reader.return(undefined);
  }
}

async function nextLine(reader: AsyncGenerator<TextLine>, target: DataFile, where: string): Promise<string> {
  const next = await reader.next();
  if (next.done) throw malformed(where, `${target.name} has no line for this one`);
  return next.value.text;
}

function pairDraft(
  source: string,
  targets: readonly string[],
  place: Pick<Draft, 'id' | 'where' | 'number'>,
  task: EvalTask,
): Draft {
  const references = [...new Set(targets.map((target) => (target === NO_ERROR ? source : target)))];
  if (task === 'gec') return { ...place, source, references };
  if (references.length > 1) throw malformed(place.where, `${references.length} references, where ${task} knows one`);
  return { ...place, hypotheses: [{ text: source }], references };
}
