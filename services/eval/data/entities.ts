/** Named entities: JSON records with `text` and `entities`, a list of strings or of objects with a `text`. */
import { type Draft, type ReadContext, uniqueIds } from './draft.ts';
import { malformed } from './malformed.ts';
import { type DataRecord, readRecords } from './record.ts';
import type { DataFile } from './text-lines.ts';

/** The entities of a record, in its order; undefined where the field is missing. An empty list says that there are none. */
export function readEntities(row: DataRecord): string[] | undefined {
  return row.list('entities')?.map((entry) => {
    const text = typeof entry === 'string' ? entry : entityText(entry, row);
    if (!text?.trim()) throw malformed(row.where, 'an entity without text');
    return text;
  });
}

function entityText(entry: unknown, row: DataRecord): string | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw malformed(row.where, 'an entity is neither a string nor an object with "text"');
  }
  return row.inner(entry).text('text', 'entity', 'name');
}

export function readNer(file: DataFile, container: 'lines' | 'array', context: ReadContext): AsyncIterable<Draft> {
  const drafts = nerDrafts(file, container);
  return context.checkIds ? uniqueIds(drafts, file.name) : drafts;
}

async function* nerDrafts(file: DataFile, container: 'lines' | 'array'): AsyncGenerator<Draft> {
  for await (const row of readRecords(file, container)) {
    const text = row.text('text', 'sentence');
    yield {
      id: row.id('id') ?? String(row.place),
      where: row.where,
      number: row.number,
      language: row.text('lang', 'language'),
      set: row.text('set'),
      speaker: row.text('document', 'speaker'),
      references: text === undefined ? undefined : [text],
      entities: readEntities(row),
    };
  }
}
