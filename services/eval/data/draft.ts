/**
 * What a reader says of an item before files beside it are opened. Lists are read twice, once to count and check them, once
 * to give the items that were chosen; only for those are references in files read and audio looked for.
 */
import type { EvalItem, EvalTask, GoldEdit } from '../results.ts';
import type { DataRoot } from './data-root.ts';
import { IdTable } from './id-table.ts';
import { HYPOTHESES_MAX, REFERENCES_MAX } from './limits.ts';
import { malformed, quoted } from './malformed.ts';
import { type DataFile, readLines, readSmallText } from './text-lines.ts';

export interface Draft {
  /** Unique in its list. */
  readonly id: string;
  /** `manifest.jsonl:12`. */
  readonly where: string;
  /** Line of its list, from 1: what a repeated id is blamed on. */
  readonly number: number;
  /** Undefined where the list does not say. */
  readonly language?: string | undefined;
  readonly set?: string | undefined;
  readonly speaker?: string | undefined;
  /** Audio, image or PDF, as the list names it. */
  readonly media?: string | undefined;
  readonly durationS?: number | undefined;
  readonly source?: string | undefined;
  readonly hypotheses?: NonNullable<EvalItem['hypotheses']> | undefined;
  readonly references?: readonly string[] | undefined;
  /** File that holds the reference, where the list does not. */
  readonly referenceFile?: string | undefined;
  readonly goldEdits?: readonly (readonly GoldEdit[])[] | undefined;
  readonly entities?: readonly string[] | undefined;
  /** File with the lines of the page: `x1,y1,x2,y2,x3,y3,x4,y4,text` each. */
  readonly boxesFile?: string | undefined;
}

export interface ReadContext {
  readonly task: EvalTask;
  readonly root: DataRoot;
  /** Look for repeated ids: in the first pass. */
  readonly checkIds: boolean;
}

/** ISO 639-1 to 639-3 with subtags; `mul` and `und` are of that shape too. */
const LANGUAGE = /^[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,3}$/i;
/** Numbers before the text in a line of a boxes file. */
const CORNERS = 8;

/** Passes drafts on while ids are new. `name`: the list, for messages. */
export async function* uniqueIds(drafts: AsyncIterable<Draft>, name: string): AsyncGenerator<Draft> {
  const seen = new IdTable();
  for await (const draft of drafts) {
    const first = addId(seen, draft);
    if (first > 0) {
      throw malformed(draft.where, `${quoted(draft.id)} is there already: ${name}:${first}`);
    }
    yield draft;
  }
}

function addId(seen: IdTable, draft: Draft): number {
  try {
    return seen.add(draft.id, draft.number);
  } catch (cause) {
    throw malformed(draft.where, (cause as RangeError).message.replace('ids', 'items'), cause);
  }
}

/** Has the draft what its task needs? Opens no file. Throws manifest_malformed. */
export function checkDraft(draft: Draft, task: EvalTask): void {
  const { where, references } = draft;
  if (draft.language !== undefined && !LANGUAGE.test(draft.language)) {
    throw malformed(where, `${quoted(draft.language)} is not the code of a language, such as en, zh or tr`);
  }
  if (task === 'gec' && !draft.source?.trim()) throw malformed(where, 'the text to correct is missing or empty');
  if (task === 'darag' && !draft.hypotheses?.length && !draft.media) {
    throw malformed(where, 'neither hypotheses nor audio: there is nothing to correct');
  }
  if ((task === 'asr' || task === 'ocr') && !draft.media) {
    throw malformed(where, `no ${task === 'asr' ? 'audio' : 'image'} file is named`);
  }
  if (task === 'ner' && !draft.entities) throw malformed(where, '"entities" is missing');
  if (!references?.length && draft.referenceFile === undefined) throw malformed(where, 'the reference is missing');
  if (references?.some((text) => text.trim() === '')) throw malformed(where, 'the reference is empty');
  if ((references?.length ?? 0) > REFERENCES_MAX) {
    throw malformed(where, `${references!.length} references; at most ${REFERENCES_MAX} are read`);
  }
  if ((draft.hypotheses?.length ?? 0) > HYPOTHESES_MAX) {
    throw malformed(where, `${draft.hypotheses!.length} hypotheses; at most ${HYPOTHESES_MAX} are read`);
  }
}

/** The item, with the files that it names read or looked for. `language`: where the list does not say. */
export async function finishDraft(draft: Draft, { task, root }: ReadContext, language: string): Promise<EvalItem> {
  const needsMedia = draft.media !== undefined && task !== 'gec';
  const media = needsMedia ? await root.file(draft.media!, draft.where) : undefined;
  const references = draft.references?.length ? draft.references : [await referenceText(draft, root)];
  const lines =
    draft.boxesFile === undefined || task !== 'ocr'
      ? undefined
      : await readBoxes(await root.file(draft.boxesFile, draft.where));
  const set = draft.set ?? '';
  return {
    id: draft.id,
    where: draft.where,
    language: (draft.language ?? language).toLowerCase(),
    set,
    // Speakers are numbered anew in every collection.
    group: draft.speaker ? (set === '' ? draft.speaker : `${set}/${draft.speaker}`) : draft.id,
    references,
    ...(media && { mediaPath: media.path }),
    ...(draft.durationS !== undefined && { durationS: draft.durationS }),
    ...(draft.source !== undefined && { source: draft.source }),
    ...(draft.hypotheses && { hypotheses: draft.hypotheses }),
    ...(draft.goldEdits && { goldEdits: draft.goldEdits }),
    ...(draft.entities && { entities: draft.entities }),
    ...(lines && { lines }),
  };
}

async function referenceText(draft: Draft, root: DataRoot): Promise<string> {
  const file = await root.file(draft.referenceFile!, draft.where);
  const text = await readSmallText(file);
  if (text.trim() === '') throw malformed(draft.where, `the reference is empty: ${file.name}`);
  return text;
}

/** The text is the rest of the line, commas and quotes included: ICDAR's lists quote nothing. */
async function readBoxes(file: DataFile): Promise<NonNullable<EvalItem['lines']>> {
  const lines: { text: string; quad: number[] }[] = [];
  for await (const { text: line, number } of readLines(file)) {
    if (line.trim() === '') continue;
    const cells = line.split(',');
    const quad = cells.slice(0, CORNERS).map((cell) => (cell.trim() === '' ? Number.NaN : Number(cell)));
    if (cells.length <= CORNERS || !quad.every(Number.isFinite)) {
      throw malformed(`${file.name}:${number}`, 'not x1,y1,x2,y2,x3,y3,x4,y4,text');
    }
    lines.push({ text: cells.slice(CORNERS).join(','), quad });
  }
  return lines;
}
