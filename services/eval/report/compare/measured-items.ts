/**
 * One side of a comparison in memory: for each judged item, the numbers that pairing needs and its place in the file.
 * Columns of numbers, no texts: about 42 bytes an item and 8 more for each metric.
 */
import type { EvalResults } from '../../results.ts';
import { type LinePlace, readResults, scanItems } from '../evaluation-files.ts';
import { hashText, type IdHash, ItemIndex } from '../item-index.ts';
import { measuresOf, rankOf } from '../item-measure.ts';
import { KINDS_MAX } from '../limits.ts';

/** Errors and units of one metric, by row; units are NaN where the item has no such metric. */
export interface MeasureColumn {
  readonly complement: boolean;
  errors: Float64Array;
  units: Float64Array;
}

const FIRST_ROWS = 1024;

export class MeasuredItems {
  readonly folder: string;
  readonly results: EvalResults;
  readonly index = new ItemIndex();
  readonly columns = new Map<string, MeasureColumn>();
  /** Low half of the hash of each reference: tells where both sides were judged against the same text. */
  #references = new Uint32Array(FIRST_ROWS);

  private constructor(folder: string, results: EvalResults) {
    this.folder = folder;
    this.results = results;
  }

  /** @throws AppError as readResults and scanItems */
  static async read(folder: string): Promise<MeasuredItems> {
    const side = new MeasuredItems(folder, await readResults(folder));
    const numbers = new Map(side.results.systems.map(({ name }, i) => [name, i]));
    await scanItems(folder, (item, place) => {
      const system = numbers.get(item.system);
      // A system that results.json does not list has no settings to be compared by.
      if (system === undefined) return;
      const { errors, units } = rankOf(item);
      const row = side.index.add({ ...place, id: hashText(item.id), system, errors, units });
      side.#reserve(row);
      side.#references[row] = hashText(item.reference).low;
      // A second judgment of the same item replaces the first as a whole.
      for (const column of side.columns.values()) column.units[row] = Number.NaN;
      for (const measure of measuresOf(item)) {
        const column = side.#column(measure.metric, measure.complement);
        if (!column) continue;
        column.errors[row] = measure.errors;
        column.units[row] = measure.units;
      }
    });
    return side;
  }

  find(id: IdHash, system: number): number {
    return this.index.find(id, system);
  }

  place(row: number): LinePlace {
    return this.index.place(row);
  }

  reference(row: number): number {
    return this.#references[row]!;
  }

  #column(metric: string, complement: boolean): MeasureColumn | undefined {
    const found = this.columns.get(metric);
    if (found || this.columns.size >= KINDS_MAX) return found;
    const rows = this.#references.length;
    const made = { complement, errors: new Float64Array(rows), units: new Float64Array(rows).fill(Number.NaN) };
    this.columns.set(metric, made);
    return made;
  }

  #reserve(row: number): void {
    const rows = this.#references.length;
    if (row < rows) return;
    const references = new Uint32Array(rows * 2);
    references.set(this.#references);
    this.#references = references;
    for (const column of this.columns.values()) {
      const errors = new Float64Array(rows * 2);
      const units = new Float64Array(rows * 2).fill(Number.NaN);
      errors.set(column.errors);
      units.set(column.units);
      column.errors = errors;
      column.units = units;
    }
  }
}
