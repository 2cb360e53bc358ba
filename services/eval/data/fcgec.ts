/**
 * FCGEC (Xu et al. 2022, data/README.md of xlxwalex/FCGEC): a JSON object of sentences by id, each with a list of
 * operations, one per reference. An operation first reorders the characters (`Switch`: the new order, as indices), and the
 * positions of the rest count in the reordered sentence: `Delete` takes characters out, `Insert` puts a label after `pos`
 * (-1: before the first), `Modify` puts one in place of the n characters from `pos`, n by the tag `MOD_n...`. A label may
 * be a list of alternatives; those of one operation multiply. Where both meet at one position, the insertion follows the
 * modification. Positions count code points.
 *
 * `operation` is JSON inside a string. Checked against FCGEC_valid: 2,000 sentences, of them 898 right, at most 8
 * references. Oddities that it has are read as meant: a `Modify` with the tag `INS_n` inserts, and a `Switch` that stops
 * before the end leaves the rest in place.
 */
import { type Draft, type ReadContext, uniqueIds } from './draft.ts';
import { readElements } from './json-elements.ts';
import { REFERENCES_MAX } from './limits.ts';
import { malformed } from './malformed.ts';
import { DataRecord } from './record.ts';
import type { DataFile } from './text-lines.ts';

interface Label {
  /** -1: before the first character. */
  readonly pos: number;
  /** Characters that it stands for; 0 inserts after `pos`. */
  readonly span: number;
  readonly texts: readonly string[];
}

export function readFcgec(file: DataFile, context: ReadContext): AsyncIterable<Draft> {
  const drafts = fcgecDrafts(file);
  return context.checkIds ? uniqueIds(drafts, file.name) : drafts;
}

async function* fcgecDrafts(file: DataFile): AsyncGenerator<Draft> {
  for await (const { value, number, ordinal, where } of readElements(file)) {
    const entries = Object.entries(new Object(value) as Record<string, unknown>);
    if (entries.length !== 1) throw malformed(where, 'not a sentence by its id');
    const [id, fields] = entries[0]!;
    const row = new DataRecord(fields, { where, number, place: ordinal });
    const source = row.text('sentence');
    if (source === undefined) throw malformed(where, '"sentence" is missing');
    yield { id, where, number, source, references: references(source, operations(row), where) };
  }
}

function operations(row: DataRecord): unknown[] {
  const found = row.first('operation');
  if (!found) throw malformed(row.where, '"operation" is missing: the test set has no references');
  let list = found.value;
  if (typeof list === 'string') {
    try {
      list = JSON.parse(list);
    } catch (cause) {
      throw malformed(row.where, '"operation" is not valid JSON', cause);
    }
  }
  if (!Array.isArray(list)) throw malformed(row.where, '"operation" is not a list');
  return list;
}

/** Corrected sentences, equal ones once; without operations the sentence itself. */
export function references(sentence: string, list: readonly unknown[], where: string): string[] {
  if (list.length === 0) return [sentence];
  const found = new Set<string>();
  for (const operation of list) {
    for (const text of applyOperation([...sentence], operation, where)) found.add(text);
    if (found.size > REFERENCES_MAX) throw malformed(where, `more than ${REFERENCES_MAX} references`);
  }
  return [...found];
}

function applyOperation(sentence: readonly string[], operation: unknown, where: string): string[] {
  const fields = new DataRecord(operation, { where, number: 1, place: 1 });
  const unknown = fields.keys().find((key) => !['Switch', 'Delete', 'Insert', 'Modify'].includes(key));
  if (unknown !== undefined) throw malformed(where, `the operation ${unknown} is unknown`);
  const chars = reorder(sentence, fields.list('Switch'), where);
  const deleted = new Set(positions(fields.list('Delete') ?? [], chars.length, where));
  const labels = (name: 'Insert' | 'Modify') =>
    (fields.list(name) ?? []).map((entry) => readLabel(fields.inner(entry), name, chars.length));
  const all = [...labels('Modify'), ...labels('Insert')];
  const at = (wanted: (label: Label) => boolean) => {
    const found = new Map(all.filter(wanted).map((label) => [label.pos, label]));
    if (found.size < all.filter(wanted).length) throw malformed(where, 'two labels of one kind at one position');
    return found;
  };
  const texts = spell(chars, { deleted, replaced: at(({ span }) => span > 0), inserted: at(({ span }) => span === 0) });
  if (!texts) throw malformed(where, `labels overlap, or there are more than ${REFERENCES_MAX} references`);
  return texts;
}

function reorder(sentence: readonly string[], order: unknown[] | undefined, where: string): readonly string[] {
  if (!order) return sentence;
  const indices = positions(order, sentence.length, where);
  if (new Set(indices).size !== indices.length || indices.some((index) => index >= indices.length)) {
    throw malformed(where, '"Switch" is not an order of the characters');
  }
  return [...indices.map((index) => sentence[index]!), ...sentence.slice(indices.length)];
}

function positions(list: readonly unknown[], length: number, where: string): number[] {
  return list.map((value) => {
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < length) return value as number;
    throw malformed(where, `${JSON.stringify(value)} is no position in a sentence of ${length} characters`);
  });
}

function readLabel(fields: DataRecord, kind: 'Insert' | 'Modify', length: number): Label {
  const { where } = fields;
  const value = fields.first('pos')?.value;
  const pos = kind === 'Insert' && value === -1 ? -1 : positions([value], length, where)[0]!;
  const texts = fields.texts('label');
  const tag = fields.text('tag');
  if (!texts?.length || tag === undefined) throw malformed(where, `"${kind}" needs "tag" and "label"`);
  if (kind === 'Insert' || tag.startsWith('INS_')) return { pos, span: 0, texts };
  const span = Number(/^MOD_(\d{1,6})/.exec(tag)?.[1]);
  if (!(span >= 1 && pos + span <= length)) throw malformed(where, `"Modify" with the tag ${tag} does not fit`);
  return { pos, span, texts };
}

interface Changes {
  readonly deleted: ReadonlySet<number>;
  readonly replaced: ReadonlyMap<number, Label>;
  readonly inserted: ReadonlyMap<number, Label>;
}

/** Every choice of labels, written out from left to right. Null: a label inside a replaced stretch, or too many choices. */
function spell(chars: readonly string[], { deleted, replaced, inserted }: Changes): string[] | null {
  let texts = [''];
  const append = (tails: readonly string[]) => {
    texts =
      texts.length * tails.length > REFERENCES_MAX ? [] : texts.flatMap((text) => tails.map((tail) => text + tail));
  };
  append(inserted.get(-1)?.texts ?? ['']);
  for (let i = 0; i < chars.length; ) {
    const label = replaced.get(i);
    const end = i + (label?.span ?? 1);
    for (let inside = i + 1; inside < end; inside++) if (replaced.has(inside) || inserted.has(inside)) return null;
    append(label ? label.texts : [deleted.has(i) ? '' : chars[i]!]);
    append(inserted.get(i)?.texts ?? ['']);
    i = end;
  }
  return texts.length > 0 ? texts : null;
}
