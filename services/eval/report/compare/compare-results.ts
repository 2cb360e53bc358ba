/**
 * Two evaluations of the same task, item by item. A is read into columns of numbers, B is then read line by line beside
 * it; the texts of the items that changed most are read again at the end. Systems are paired by their names, and where
 * each side has only one, these two are, whatever they are called.
 */
import { AppError } from '../../../../models/core/app-error.ts';
import { type BootstrapOptions, DEFAULT_BOOTSTRAP, type PairedEstimate } from '../../bootstrap.ts';
import type { EvalResults, ItemResult } from '../../results.ts';
import { type LinePlace, readItemsAt, readResults, scanItems } from '../evaluation-files.ts';
import { hashText } from '../item-index.ts';
import { measuresOf, rankOf } from '../item-measure.ts';
import { SHOWN_ITEMS_DEFAULT, SHOWN_ITEMS_MAX, UNPAIRED_NAMED_MAX } from '../limits.ts';
import { TopList } from '../top-list.ts';
import { checkComparable } from './comparable.ts';
import { MeasuredItems } from './measured-items.ts';
import { complementOf, GroupNumbers, PairedSums } from './paired-sums.ts';

/** Two systems that are compared; their names are equal unless each side has only one. */
export interface SystemPair {
  readonly a: string;
  readonly b: string;
}

export interface ComparedMetric extends SystemPair {
  readonly metric: string;
  /** Items on both sides that have this metric. */
  readonly items: number;
  /** What the bootstrap drew: speakers, recordings, documents. */
  readonly groups: number;
  readonly estimate: PairedEstimate;
}

export interface ComparedItem extends SystemPair {
  readonly itemA: ItemResult;
  readonly itemB: ItemResult;
  /** Errors of B less errors of A; below 0 where B is better. */
  readonly change: number;
}

/** Items of the compared systems by what became of them. */
export interface ItemCounts extends SystemPair {
  readonly better: number;
  readonly worse: number;
  readonly same: number;
  /** Judged against another reference than in A; they are in no metric. */
  readonly otherReference: number;
  readonly onlyA: number;
  readonly onlyB: number;
}

export interface ComparisonReport {
  readonly folderA: string;
  readonly folderB: string;
  readonly a: EvalResults;
  readonly b: EvalResults;
  readonly warnings: readonly string[];
  readonly systemsOnlyA: readonly string[];
  readonly systemsOnlyB: readonly string[];
  readonly metrics: readonly ComparedMetric[];
  readonly counts: readonly ItemCounts[];
  /** Largest change first, of all pairs of systems together. */
  readonly better: readonly ComparedItem[];
  readonly worse: readonly ComparedItem[];
  /** Names of items on one side only: the first ones, all are counted in `counts`. */
  readonly namedOnlyA: readonly string[];
  readonly namedOnlyB: readonly string[];
}

export interface CompareOptions {
  /** Items listed as better and as worse, 0 to 200 each. */
  readonly shownItems?: number;
  readonly bootstrap?: BootstrapOptions;
}

interface Change {
  readonly pair: number;
  readonly change: number;
  readonly placeA: LinePlace;
  readonly placeB: LinePlace;
}

interface PairState {
  readonly numberA: number;
  readonly counts: { -readonly [K in keyof ItemCounts]: ItemCounts[K] };
  readonly sums: Map<string, PairedSums>;
}

/**
 * What got better and what got worse from A to B.
 * @throws AppError results_incomparable, invalid_option, file_not_found, file_unreadable, results_malformed
 */
export async function compareResults(
  folderA: string,
  folderB: string,
  options: CompareOptions = {},
): Promise<ComparisonReport> {
  const shownItems = options.shownItems ?? SHOWN_ITEMS_DEFAULT;
  if (!Number.isInteger(shownItems) || shownItems < 0 || shownItems > SHOWN_ITEMS_MAX) {
    throw new AppError('invalid_option', `${shownItems} items to be shown; 0 to ${SHOWN_ITEMS_MAX} are possible`);
  }
  // Heads first: what cannot be compared is refused before a million lines are read.
  const [a, b] = [await readResults(folderA), await readResults(folderB)];
  const { pairs, warnings } = checkComparable(a, b);
  const sideA = await MeasuredItems.read(folderA);
  const states = pairs.map(
    (pair): PairState => ({
      numberA: a.systems.findIndex(({ name }) => name === pair.a),
      counts: { ...pair, better: 0, worse: 0, same: 0, otherReference: 0, onlyA: 0, onlyB: 0 },
      sums: new Map(),
    }),
  );
  const walk = new PairWalk(sideA, pairs, states, shownItems);
  await scanItems(folderB, (item, place) => walk.take(item, place));
  const namedOnlyA = await namesOnlyA(sideA, states, walk.matched);
  const total = (count: 'otherReference') => states.reduce((sum, state) => sum + state.counts[count], 0);
  const more: string[] = [];
  if (total('otherReference') > 0) {
    more.push(`${total('otherReference')} items were judged against another reference in B; they are left out.`);
  }
  if (walk.repeated + sideA.index.duplicates > 0) {
    more.push(
      `${walk.repeated + sideA.index.duplicates} items were judged twice by one system; one judgment of each counts.`,
    );
  }
  return {
    folderA,
    folderB,
    a,
    b,
    warnings: [...warnings, ...more],
    systemsOnlyA: names(a).filter((name) => !pairs.some((pair) => pair.a === name)),
    systemsOnlyB: names(b).filter((name) => !pairs.some((pair) => pair.b === name)),
    metrics: states.flatMap((state, i) => metricsOf(pairs[i]!, state, options.bootstrap ?? DEFAULT_BOOTSTRAP)),
    counts: states.map(({ counts }) => counts),
    better: await readChanges(folderA, folderB, pairs, walk.better.sorted()),
    worse: await readChanges(folderA, folderB, pairs, walk.worse.sorted()),
    namedOnlyA,
    namedOnlyB: [...walk.namedOnlyB],
  };
}

function names(results: EvalResults): string[] {
  return results.systems.map(({ name }) => name);
}

/** B, line by line, beside A. */
class PairWalk {
  readonly #sideA: MeasuredItems;
  readonly #states: readonly PairState[];
  readonly #pairOfB: ReadonlyMap<string, number>;
  readonly #groups = new GroupNumbers();
  /** Rows of A that B has as well. */
  readonly matched: Uint8Array;
  readonly better: TopList<Change>;
  readonly worse: TopList<Change>;
  readonly namedOnlyB = new Set<string>();
  /** Items of B that came again; the first judgment counted. */
  repeated = 0;

  constructor(sideA: MeasuredItems, pairs: readonly SystemPair[], states: readonly PairState[], shownItems: number) {
    this.#sideA = sideA;
    this.#states = states;
    this.#pairOfB = new Map(pairs.map(({ b }, i) => [b, i]));
    this.matched = new Uint8Array(sideA.index.size);
    const order = (x: Change, y: Change) =>
      Math.abs(y.change) - Math.abs(x.change) || x.pair - y.pair || x.placeB.offset - y.placeB.offset;
    this.better = new TopList(shownItems, order);
    this.worse = new TopList(shownItems, order);
  }

  take(item: ItemResult, placeB: LinePlace): void {
    const pair = this.#pairOfB.get(item.system);
    if (pair === undefined) return;
    const state = this.#states[pair]!;
    const row = this.#sideA.find(hashText(item.id), state.numberA);
    if (row < 0) {
      state.counts.onlyB++;
      if (this.namedOnlyB.size < UNPAIRED_NAMED_MAX) this.namedOnlyB.add(item.id);
      return;
    }
    if (this.matched[row] === 1) {
      this.repeated++;
      return;
    }
    this.matched[row] = 1;
    if (this.#sideA.reference(row) !== hashText(item.reference).low) {
      state.counts.otherReference++;
      return;
    }
    this.#addMeasures(state, row, item);
    const change = rankOf(item).errors - this.#sideA.index.errors(row);
    if (change === 0) state.counts.same++;
    else {
      const entry: Change = { pair, change, placeA: this.#sideA.place(row), placeB };
      state.counts[change < 0 ? 'better' : 'worse']++;
      (change < 0 ? this.better : this.worse).add(entry);
    }
  }

  #addMeasures(state: PairState, row: number, item: ItemResult): void {
    const group = this.#groups.number(hashText(item.group));
    for (const { metric, errors, units, complement } of measuresOf(item)) {
      const column = this.#sideA.columns.get(metric);
      // Other units under the same reference: another way of counting; nothing to pair.
      if (!column || column.units[row] !== units) continue;
      let sums = state.sums.get(metric);
      if (!sums) {
        sums = new PairedSums(complement);
        state.sums.set(metric, sums);
      }
      sums.add(group, column.errors[row]!, errors, units);
    }
  }
}

function metricsOf(pair: SystemPair, { sums }: PairState, bootstrap: BootstrapOptions): ComparedMetric[] {
  return [...sums].flatMap(([metric, sum]): ComparedMetric[] => {
    const estimate = sum.estimate(bootstrap);
    if (!estimate) return [];
    const { items, groups, complement } = sum;
    return [{ ...pair, metric, items, groups, estimate: complement ? complementOf(estimate) : estimate }];
  });
}

/** Counts A's items that B does not have, and returns the names of the first ones. */
async function namesOnlyA(sideA: MeasuredItems, states: readonly PairState[], matched: Uint8Array): Promise<string[]> {
  const ofSystem = new Map(states.map((state) => [state.numberA, state]));
  const places: LinePlace[] = [];
  for (let row = 0; row < matched.length; row++) {
    const state = ofSystem.get(sideA.index.system(row));
    if (!state || matched[row] === 1) continue;
    state.counts.onlyA++;
    if (places.length < UNPAIRED_NAMED_MAX) places.push(sideA.place(row));
  }
  const items = await readItemsAt(sideA.folder, places);
  return [...new Set(items.map(({ id }) => id))];
}

async function readChanges(
  folderA: string,
  folderB: string,
  pairs: readonly SystemPair[],
  changes: readonly Change[],
): Promise<ComparedItem[]> {
  const itemsA = await readItemsAt(
    folderA,
    changes.map(({ placeA }) => placeA),
  );
  const itemsB = await readItemsAt(
    folderB,
    changes.map(({ placeB }) => placeB),
  );
  return changes.map(({ pair, change }, i) => ({ ...pairs[pair]!, itemA: itemsA[i]!, itemB: itemsB[i]!, change }));
}
