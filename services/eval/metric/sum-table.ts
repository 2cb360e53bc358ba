/**
 * Sums of named columns by unit (what the bootstrap draws together) and slice, in bounded memory: more than UNITS_MAX units
 * are dealt into UNITS_MAX by the hash of their names. Which unit an item falls into depends on its name alone, and units
 * are drawn in the order of their names, so results do not depend on the order in which items come.
 */
import { SeededRandom } from '../random.ts';
import { ColumnStore } from './column-store.ts';
import { UNITS_MAX } from './limits.ts';

/** What one item adds to its unit. */
export type Sums = Iterable<readonly [column: string, value: number]>;

/** A column's value in one set of sums; 0 where nothing was added. */
export type ColumnValue = (column: string) => number;

interface Row {
  readonly unit: string;
  readonly language: string;
  readonly set: string;
}

export class SumTable {
  #rows: Row[] = [];
  #index = new Map<string, number>();
  #columns = new ColumnStore();
  #units = new Set<string>();
  #folded = false;

  add(unit: string, language: string, set: string, sums: Sums): void {
    if (!this.#folded) {
      this.#units.add(unit);
      if (this.#units.size > UNITS_MAX) this.#fold();
    }
    const at = this.#rowOf(this.#folded ? bucketOf(unit) : unit, language, set);
    for (const [column, value] of sums) this.#columns.add(column, at, value);
  }

  columns(): string[] {
    return this.#columns.names();
  }

  /** Sums by unit over the rows that `keep` chooses, in the order of the units' names. */
  slice(keep: (language: string, set: string) => boolean): UnitSums {
    const names = this.columns();
    const chosen = new Map<string, number[]>();
    this.#rows.forEach(({ unit, language, set }, row) => {
      if (!keep(language, set)) return;
      const held = chosen.get(unit);
      if (held) held.push(row);
      else chosen.set(unit, [row]);
    });
    const units = [...chosen].sort(([a], [b]) => (a < b ? -1 : 1));
    const values = new Float64Array(units.length * names.length);
    names.forEach((name, c) => {
      units.forEach(([, rows], u) => {
        for (const row of rows) values[u * names.length + c]! += this.#columns.at(name, row);
      });
    });
    return new UnitSums(names, units.length, values);
  }

  #rowOf(unit: string, language: string, set: string): number {
    const key = `${unit}\0${language}\0${set}`;
    const held = this.#index.get(key);
    if (held !== undefined) return held;
    this.#index.set(key, this.#rows.length);
    return this.#rows.push({ unit, language, set }) - 1;
  }

  #fold(): void {
    const [rows, columns] = [this.#rows, this.#columns];
    this.#rows = [];
    this.#index = new Map();
    this.#columns = new ColumnStore();
    this.#units = new Set();
    this.#folded = true;
    rows.forEach(({ unit, language, set }, row) => {
      const at = this.#rowOf(bucketOf(unit), language, set);
      for (const name of columns.names()) this.#columns.add(name, at, columns.at(name, row));
    });
  }
}

/** Sums of the units of one slice. */
export class UnitSums {
  readonly #index: ReadonlyMap<string, number>;
  readonly #width: number;
  readonly #values: Float64Array;
  readonly units: number;
  /** Sums over all units. */
  readonly total: ColumnValue;

  /** `values`: [units * columns]. */
  constructor(columns: readonly string[], units: number, values: Float64Array) {
    this.#index = new Map(columns.map((name, i) => [name, i]));
    this.#width = columns.length;
    this.#values = values;
    this.units = units;
    const sums = new Float64Array(this.#width);
    for (let at = 0; at < values.length; at++) sums[at % this.#width]! += values[at]!;
    this.total = this.#reader(sums, 0);
  }

  /** [units] */
  column(name: string): Float64Array {
    const c = this.#index.get(name);
    return Float64Array.from({ length: this.units }, (_, u) =>
      c === undefined ? 0 : this.#values[u * this.#width + c]!,
    );
  }

  /**
   * Bootstrap: `draws` times as many units are drawn with replacement, and `take` sees their sums. Time is draws times
   * units times `columns`, those that `take` reads.
   */
  resample(
    columns: readonly string[],
    options: { readonly draws: number; readonly seed: number },
    take: (draw: number, sums: ColumnValue) => void,
  ): void {
    const used = columns.filter((name) => this.#index.has(name));
    const width = used.length;
    const values = new Float64Array(this.units * width);
    used.forEach((name, c) => {
      const from = this.#index.get(name)!;
      for (let u = 0; u < this.units; u++) values[u * width + c] = this.#values[u * this.#width + from]!;
    });
    const places = new Map(used.map((name, c) => [name, c]));
    const random = new SeededRandom(options.seed);
    const times = new Int32Array(this.units);
    const sums = new Float64Array(width);
    const read: ColumnValue = (name) => {
      const c = places.get(name);
      return c === undefined ? 0 : sums[c]!;
    };
    for (let draw = 0; draw < options.draws; draw++) {
      times.fill(0);
      for (let i = 0; i < this.units; i++) times[random.below(this.units)]! += 1;
      sums.fill(0);
      for (let u = 0; u < this.units; u++) {
        const count = times[u]!;
        if (count === 0) continue;
        const at = u * width;
        for (let c = 0; c < width; c++) sums[c]! += count * values[at + c]!;
      }
      take(draw, read);
    }
  }

  #reader(values: Float64Array, offset: number): ColumnValue {
    return (name) => {
      const c = this.#index.get(name);
      return c === undefined ? 0 : values[offset + c]!;
    };
  }
}

/** FNV-1a over UTF-16 code units, its bits mixed once more (Murmur3's last step). */
function bucketOf(unit: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < unit.length; i++) hash = Math.imul(hash ^ unit.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return String(((hash ^ (hash >>> 16)) >>> 0) % UNITS_MAX).padStart(5, '0');
}
