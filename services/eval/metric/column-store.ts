/** Columns of numbers by name that grow with their rows; a value that was never set is 0. */
const FIRST_CAPACITY = 64;

export class ColumnStore {
  readonly #columns = new Map<string, Float64Array>();

  names(): string[] {
    return [...this.#columns.keys()];
  }

  add(name: string, row: number, value: number): void {
    let column = this.#columns.get(name);
    if (!column || row >= column.length) {
      let capacity = column?.length ?? FIRST_CAPACITY;
      while (capacity <= row) capacity *= 2;
      const grown = new Float64Array(capacity);
      if (column) grown.set(column);
      column = grown;
      this.#columns.set(name, column);
    }
    column[row]! += value;
  }

  /** A column may be shorter than the table: its last value came early. */
  at(name: string, row: number): number {
    return this.#columns.get(name)?.[row] ?? 0;
  }
}
