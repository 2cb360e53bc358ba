/** Which items a reader should see: the worst of each system, and those that changed most from the first to another. */
import type { ItemResult } from '../results.ts';
import { readItemsAt } from './evaluation-files.ts';
import type { ItemIndex } from './item-index.ts';
import { CARDS_BYTES_MAX, CARDS_MAX } from './limits.ts';
import { TopList } from './top-list.ts';

export type ReasonKind = 'errors' | 'rate' | 'better' | 'worse';

/** Why an item is shown. */
export interface Reason {
  readonly kind: ReasonKind;
  /** Number of the system that it was chosen for. */
  readonly system: number;
  /** Errors of this system less errors of the first one; only for better and worse. */
  readonly change: number;
}

export interface ShownItem {
  readonly id: string;
  readonly reasons: readonly Reason[];
  /** By number of the system; undefined where that one did not judge the item. */
  readonly judged: readonly (ItemResult | undefined)[];
}

export interface Selection {
  readonly items: readonly ShownItem[];
  /** Chosen items that the bounds of a page left out. */
  readonly leftOut: number;
}

interface Choice extends Reason {
  readonly row: number;
}

/** Reads the chosen lines. `shownItems`: for each system and reason. @throws AppError as readItemsAt */
export async function selectItems(
  folder: string,
  index: ItemIndex,
  systems: number,
  shownItems: number,
): Promise<Selection> {
  const lists = rankItems(index, systems, shownItems);
  const chosen = new Map<string, { row: number; reasons: Reason[] }>();
  // By rank, each list in turn: a bound then takes the tail of every list and no list whole.
  for (let rank = 0; rank < shownItems; rank++) {
    for (const list of lists) {
      const choice = list[rank];
      if (!choice) continue;
      const { high, low } = index.id(choice.row);
      const key = `${high}:${low}`;
      const { kind, system, change } = choice;
      const held = chosen.get(key);
      if (held) held.reasons.push({ kind, system, change });
      else chosen.set(key, { row: choice.row, reasons: [{ kind, system, change }] });
    }
  }
  const picked = withinBounds(index, systems, [...chosen.values()]);
  const lines = await readItemsAt(
    folder,
    picked.flatMap(({ rows }) => rows.filter((row) => row >= 0).map((row) => index.place(row))),
  );
  let next = 0;
  const items = picked.map(({ rows, reasons }): ShownItem => {
    const judged = rows.map((row) => (row < 0 ? undefined : lines[next++]));
    return { id: judged.find((item) => item !== undefined)!.id, reasons, judged };
  });
  return { items, leftOut: chosen.size - picked.length };
}

function withinBounds(index: ItemIndex, systems: number, chosen: readonly { row: number; reasons: Reason[] }[]) {
  const picked: { rows: number[]; reasons: Reason[] }[] = [];
  let bytes = 0;
  for (const { row, reasons } of chosen) {
    const rows = Array.from({ length: systems }, (_, system) => index.sibling(row, system));
    for (const sibling of rows) if (sibling >= 0) bytes += index.place(sibling).lengthBytes;
    if (picked.length >= CARDS_MAX || bytes > CARDS_BYTES_MAX) break;
    picked.push({ rows, reasons });
  }
  return picked;
}

/** Ranked rows of each reason and system. Ties go to the item that comes first in the file. */
export function rankItems(index: ItemIndex, systems: number, capacity: number): Choice[][] {
  const errorsFirst = (a: number, b: number) =>
    index.errors(b) - index.errors(a) || rate(index, b) - rate(index, a) || a - b;
  const rateFirst = (a: number, b: number) =>
    rate(index, b) - rate(index, a) || index.errors(b) - index.errors(a) || a - b;
  const changeFirst = (a: Choice, b: Choice) => Math.abs(b.change) - Math.abs(a.change) || a.row - b.row;
  const lists = Array.from({ length: systems }, () => ({
    errors: new TopList<number>(capacity, errorsFirst),
    rate: new TopList<number>(capacity, rateFirst),
    better: new TopList<Choice>(capacity, changeFirst),
    worse: new TopList<Choice>(capacity, changeFirst),
  }));
  for (let row = 0; row < index.size; row++) {
    const system = index.system(row);
    const list = lists[system]!;
    if (index.errors(row) > 0) {
      list.errors.add(row);
      list.rate.add(row);
    }
    const first = system === 0 ? -1 : index.sibling(row, 0);
    const change = first < 0 ? 0 : index.errors(row) - index.errors(first);
    if (change < 0) list.better.add({ kind: 'better', system, change, row });
    else if (change > 0) list.worse.add({ kind: 'worse', system, change, row });
  }
  const worst = (kind: ReasonKind, system: number, rows: readonly number[]) =>
    rows.map((row): Choice => ({ kind, system, change: 0, row }));
  return lists.flatMap((list, system) => [
    worst('errors', system, list.errors.sorted()),
    list.better.sorted(),
    list.worse.sorted(),
    worst('rate', system, list.rate.sorted()),
  ]);
}

/** An empty reference with errors is as wrong as can be. */
function rate(index: ItemIndex, row: number): number {
  return index.units(row) > 0 ? index.errors(row) / index.units(row) : Number.MAX_VALUE;
}
