/**
 * `manifest.jsonl`: one JSON object per item beside the files that it names, or per data set (corrections), whose file then
 * holds the sentences. Field names that other projects use for the same thing are known too (NeMo's `audio_filepath`).
 *
 * A row is a whole data set where the task is gec and it brings a file but no sentence. Its file is then read by whatever
 * form it has, with the row's language and set; a row without `gt_file` is a resource (a dictionary), and one whose file is
 * the `gt_file` of another row is that row's other half: both are no data of their own.
 */
import { type Detected, detectFile } from './detect.ts';
import { type Draft, type ReadContext, uniqueIds } from './draft.ts';
import { readEntities } from './entities.ts';
import { NESTED_SETS_MAX } from './limits.ts';
import { malformed, quoted } from './malformed.ts';
import { readHypotheses } from './nbest.ts';
import { type DataRecord, readRecords } from './record.ts';
import type { DataFile } from './text-lines.ts';

type FormReader = (found: Detected, context: ReadContext) => AsyncIterable<Draft>;

const FILE = ['file', 'audio_filepath', 'audio', 'image'] as const;
const TARGETS = ['targets', 'target', 'references', 'reference', 'corrections', 'correction', 'text'] as const;

/** `readForm`: reads a data set that a row names, whatever its form. */
export function readManifest(
  file: DataFile,
  container: 'lines' | 'array',
  context: ReadContext,
  readForm: FormReader,
): AsyncIterable<Draft> {
  if (context.task === 'gec') return readCorrections(file, container, context, readForm);
  const rows = readItems(file, container);
  return context.checkIds ? uniqueIds(rows, file.name) : rows;
}

async function* readItems(file: DataFile, container: 'lines' | 'array'): AsyncGenerator<Draft> {
  for await (const row of readRecords(file, container)) yield itemDraft(row);
}

function itemDraft(row: DataRecord): Draft {
  const media = row.text(...FILE);
  const id = row.id('id') ?? media;
  // The reference as spoken, where there is one: numbers written out.
  const text = row.text('text_normalized', 'text');
  if (!media && text === undefined) throw malformed(row.where, '"file" is missing');
  return {
    ...rowFacts(row),
    id: id ?? String(row.place),
    media,
    references: text === undefined ? undefined : [text],
    referenceFile: row.text('gt_file'),
    hypotheses: readHypotheses(row),
    entities: readEntities(row),
    boxesFile: row.text('boxes_file'),
  };
}

function rowFacts(row: DataRecord): Pick<Draft, 'where' | 'number' | 'language' | 'set' | 'speaker' | 'durationS'> {
  return {
    where: row.where,
    number: row.number,
    language: row.text('lang', 'language'),
    set: row.text('set'),
    speaker: row.text('speaker', 'document'),
    durationS: row.seconds('duration_s', 'duration'),
  };
}

async function* readCorrections(
  file: DataFile,
  container: 'lines' | 'array',
  context: ReadContext,
  readForm: FormReader,
): AsyncGenerator<Draft> {
  const halves = await otherHalves(file, container);
  const firstLines = new Map<string, number>();
  const names: DataRecord[] = [];
  yield* context.checkIds ? uniqueIds(sentenceRows(), file.name) : sentenceRows();
  for (const row of names) yield* nestedSet(row, context, readForm);

  /** Rows that are sentences; the others are kept for after them. */
  async function* sentenceRows(): AsyncGenerator<Draft> {
    for await (const row of readRecords(file, container)) {
      const source = row.text('source');
      if (source !== undefined) {
        const references = row.texts(...TARGETS);
        yield { ...rowFacts(row), id: row.id('id') ?? String(row.place), source, references };
        continue;
      }
      const name = row.text(...FILE);
      if (!name) throw malformed(row.where, 'neither "source" nor "file"');
      if (row.names('gt_file') && row.first('gt_file') === undefined) continue;
      if (halves.has(name)) continue;
      const first = firstLines.get(name);
      if (first) throw malformed(row.where, `${quoted(name)} is there already: ${file.name}:${first}`);
      if (firstLines.size >= NESTED_SETS_MAX) throw malformed(row.where, `more than ${NESTED_SETS_MAX} data sets`);
      firstLines.set(name, row.number);
      names.push(row);
    }
  }
}

/** Files that are the corrected half of another row's file. */
async function otherHalves(file: DataFile, container: 'lines' | 'array'): Promise<ReadonlySet<string>> {
  const halves = new Set<string>();
  for await (const row of readRecords(file, container)) {
    if (row.names('source')) continue;
    const [name, target] = [row.text(...FILE), row.text('gt_file')];
    if (name && target && name !== target) halves.add(target);
    if (halves.size > NESTED_SETS_MAX) throw malformed(row.where, `more than ${NESTED_SETS_MAX} data sets`);
  }
  return halves;
}

async function* nestedSet(row: DataRecord, context: ReadContext, readForm: FormReader): AsyncGenerator<Draft> {
  const name = row.text(...FILE)!;
  const nested = await context.root.file(name, row.where);
  const target = row.text('gt_file');
  const targets = target && target !== name ? [await context.root.file(target, row.where)] : [];
  const detected = await detectFile(nested, context.task, targets);
  if (!detected || detected.form === 'manifest') {
    throw malformed(row.where, `${quoted(name)} is in no form that is known for corrections`);
  }
  const { language, set, speaker } = rowFacts(row);
  for await (const draft of readForm(detected, context)) {
    yield { language, set, speaker, ...withoutUndefined(draft), id: `${nested.name}#${draft.id}` };
  }
}

/** So that what the sentence does not say stays as its row says. */
function withoutUndefined(draft: Draft): Draft {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as unknown as Draft;
}
