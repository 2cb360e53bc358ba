/**
 * Every metric of an evaluation: its name, the sums that it is made of, its formula. `itemSums` says what an item adds;
 * `metricsOf` lists the metrics that a set of sums can answer. docs/metrics.md describes each.
 */
import { type EditCounts, errorsOf } from '../error-rate.ts';
import type { Hits, ItemResult, RateMetric } from '../results.ts';
import { fScore, precisionOf, recallOf } from './hits.ts';
import type { ColumnValue, Sums } from './sum-table.ts';

export interface Metric {
  readonly name: string;
  /** `type=S`, `letter=ğ`; '' for most. */
  readonly part: string;
  /** Sums that the formula reads; the bootstrap draws these. */
  readonly columns: readonly string[];
  /** Absent: yes. */
  readonly hasInterval?: false;
  /** Column that counts the items behind it. */
  readonly itemsColumn: string;
  readonly better: 'lower' | 'higher';
  readonly value: (sums: ColumnValue) => number;
  readonly counts?: (sums: ColumnValue) => EditCounts | Hits;
  /**
   * The metric is a share of cases: a Wilson interval stands in where the bootstrap has no width, or everywhere
   * (`wilson: 'always'`).
   */
  readonly share?: { readonly right: string; readonly total: readonly string[]; readonly wilson: 'edges' | 'always' };
}

const RATES: readonly RateMetric[] = ['WER', 'CER', 'MER'];
/** Columns of edit counts behind `CER any order`. */
const ANY_ORDER = 'any-order';
const HITS = ['tp', 'fp', 'fn'] as const;

/** What one item adds to the sums of its unit. `typeName` may fold rare error types into one, so that columns stay few. */
export function* itemSums(item: ItemResult, typeName: (type: string) => string = (type) => type): Sums {
  let isFirst = true;
  for (const [name, counts] of Object.entries(item.rates)) {
    yield* editSums(name, counts);
    if (isFirst) yield [`${name}.first`, 1];
    isFirst = false;
  }
  if (item.anyOrder) yield* editSums(ANY_ORDER, item.anyOrder);
  if (item.oneMinusNed !== undefined) {
    yield ['1-NED.sum', item.oneMinusNed];
    yield ['1-NED.n', 1];
  }
  if (item.words) {
    yield ['words.right', item.words.right];
    yield ['words.total', item.words.total];
    yield ['words.n', 1];
  }
  if (item.entities) yield* hitSums('entity', item.entities);
  if (item.numbers) yield* hitSums('number', item.numbers);
  if (item.detection) yield* hitSums('detection', item.detection);
  for (const [letter, hits] of Object.entries(item.letters ?? {})) {
    yield* hitSums(`letter:${letter}`, hits);
    yield* hitSums('letter', hits, 0);
  }
  if (item.letters) yield ['letter.n', 1];
  for (const [type, hits] of Object.entries(item.edits ?? {})) yield* hitSums(`edit:${typeName(type)}`, hits);
  if (item.clean) {
    yield ['clean.n', item.clean.sourceCorrect ? 1 : 0];
    yield ['clean.changed', item.clean.sourceCorrect && item.clean.changed ? 1 : 0];
  }
  yield* costSums(item);
}

function* editSums(name: string, counts: EditCounts): Sums {
  yield [`${name}.ref`, counts.refUnits];
  yield [`${name}.err`, errorsOf(counts)];
  yield [`${name}.hyp`, counts.hypUnits];
  yield [`${name}.sub`, counts.substitutions];
  yield [`${name}.del`, counts.deletions];
  yield [`${name}.ins`, counts.insertions];
  yield [`${name}.n`, 1];
}

function* hitSums(name: string, hits: Hits, items = 1): Sums {
  yield [`${name}.tp`, hits.tp];
  yield [`${name}.fp`, hits.fp];
  yield [`${name}.fn`, hits.fn];
  if (items > 0) yield [`${name}.n`, items];
}

function* costSums({ timings, durationS, llmRows, llmRowsEager }: ItemResult): Sums {
  const total = timings?.['totalMs'];
  if (total !== undefined && durationS !== undefined) {
    yield ['RTF.ms', total];
    yield ['RTF.s', durationS];
    yield ['RTF.n', 1];
  }
  for (const [stage, ms] of Object.entries(timings ?? {})) {
    yield [`time:${stage}.ms`, ms];
    yield [`time:${stage}.n`, 1];
  }
  if (llmRows !== undefined) {
    yield ['LLM rows.sum', llmRows];
    yield ['LLM rows.n', 1];
    if (llmRowsEager !== undefined) {
      yield ['LLM saved.rows', llmRows];
      yield ['LLM saved.eager', llmRowsEager];
      yield ['LLM saved.n', 1];
    }
  }
}

/**
 * Metrics that these sums can answer, the rate that most items are reported by first. `parts`: with those of single error
 * types, letters and stages.
 */
export function metricsOf(columns: Iterable<string>, sums: ColumnValue, parts: boolean): Metric[] {
  const has = new Set(columns);
  const rates = RATES.filter((name) => has.has(`${name}.n`));
  rates.sort((a, b) => sums(`${b}.first`) - sums(`${a}.first`));
  const metrics: Metric[] = rates.map((name) => rateMetric(name, name));
  metrics.push(rateMetric('CER any order', ANY_ORDER));
  metrics.push({
    name: '1-NED',
    part: '',
    columns: ['1-NED.sum', '1-NED.n'],
    itemsColumn: '1-NED.n',
    better: 'higher',
    value: (at) => at('1-NED.sum') / at('1-NED.n'),
  });
  metrics.push(shareMetric('word accuracy', '', 'words.right', ['words.total'], 'words.n'));
  metrics.push(...hitMetrics('entity', sums('entity.fp') > 0));
  metrics.push(...hitMetrics('number', false));
  metrics.push(...hitMetrics('detection', true));
  metrics.push(...editMetrics('', 'edit:all'));
  metrics.push({
    ...shareMetric('over-correction', '', 'clean.changed', ['clean.n'], 'clean.n', 'always'),
    better: 'lower',
  });
  metrics.push(recallMetric('letter recall', '', 'letter'));
  if (parts) metrics.push(...partMetrics(has));
  metrics.push(...costMetrics());
  if (parts) metrics.push(...stageMetrics(has));
  return metrics.filter((metric) => has.has(metric.itemsColumn) && sums(metric.itemsColumn) > 0);
}

function rateMetric(name: string, column: string): Metric {
  const counts = (at: ColumnValue): EditCounts => ({
    refUnits: at(`${column}.ref`),
    hypUnits: at(`${column}.hyp`),
    substitutions: at(`${column}.sub`),
    deletions: at(`${column}.del`),
    insertions: at(`${column}.ins`),
  });
  return {
    name,
    part: '',
    columns: [`${column}.err`, `${column}.ref`],
    itemsColumn: `${column}.n`,
    better: 'lower',
    value: (at) => at(`${column}.err`) / at(`${column}.ref`),
    counts,
  };
}

function shareMetric(
  name: string,
  part: string,
  right: string,
  total: readonly string[],
  itemsColumn: string,
  wilson: 'edges' | 'always' = 'edges',
): Metric {
  return {
    name,
    part,
    columns: [right, ...total],
    itemsColumn,
    better: 'higher',
    value: (at) => at(right) / total.reduce((sum, column) => sum + at(column), 0),
    share: { right, total, wilson },
  };
}

function recallMetric(name: string, part: string, column: string): Metric {
  return {
    ...shareMetric(name, part, `${column}.tp`, [`${column}.tp`, `${column}.fn`], `${column}.n`),
    counts: hitsOf(column),
  };
}

/** NaN where there was nothing to find: unlike in grammar correction that is no success. */
function hitMetrics(column: string, withPrecision: boolean): Metric[] {
  const recall = recallMetric(`${column} recall`, '', column);
  if (!withPrecision) return [recall];
  const precision: Metric = {
    ...shareMetric(`${column} precision`, '', `${column}.tp`, [`${column}.tp`, `${column}.fp`], `${column}.n`),
    counts: hitsOf(column),
  };
  const f: Metric = {
    name: `${column} F1`,
    part: '',
    columns: HITS.map((part) => `${column}.${part}`),
    itemsColumn: `${column}.n`,
    better: 'higher',
    value: (at) => (2 * at(`${column}.tp`)) / (2 * at(`${column}.tp`) + at(`${column}.fp`) + at(`${column}.fn`)),
    counts: hitsOf(column),
  };
  return [recall, precision, f];
}

function hitsOf(column: string): (at: ColumnValue) => Hits {
  return (at) => ({ tp: at(`${column}.tp`), fp: at(`${column}.fp`), fn: at(`${column}.fn`) });
}

/** Precision, recall and F0.5 with the M2 scorer's conventions. Draws without any edit of the type say nothing. */
function editMetrics(part: string, column: string): Metric[] {
  const hits = hitsOf(column);
  const metric = (name: string, formula: (counted: Hits) => number): Metric => ({
    name,
    part,
    columns: HITS.map((kind) => `${column}.${kind}`),
    itemsColumn: `${column}.n`,
    better: 'higher',
    value: (at) => {
      const counted = hits(at);
      return counted.tp + counted.fp + counted.fn === 0 && part !== '' ? Number.NaN : formula(counted);
    },
    counts: hits,
  });
  return [
    metric('F0.5', (counted) => fScore(counted, 0.5)),
    metric('precision', precisionOf),
    metric('recall', recallOf),
  ];
}

/** Error types by name, letters in the order in which they came. */
function partMetrics(columns: ReadonlySet<string>): Metric[] {
  const named = (prefix: string) =>
    [...columns]
      .filter((name) => name.startsWith(prefix) && name.endsWith('.n'))
      .map((name) => name.slice(prefix.length, -2));
  const types = named('edit:')
    .filter((type) => type !== 'all')
    .sort();
  return [
    ...types.flatMap((type) => editMetrics(`type=${type}`, `edit:${type}`)),
    ...named('letter:').map((letter) => recallMetric('letter recall', `letter=${letter}`, `letter:${letter}`)),
  ];
}

function costMetrics(): Metric[] {
  return [
    {
      name: 'RTF',
      part: '',
      columns: ['RTF.ms', 'RTF.s'],
      itemsColumn: 'RTF.n',
      better: 'lower',
      value: (at) => at('RTF.ms') / 1000 / at('RTF.s'),
    },
    {
      name: 'LLM rows per item',
      part: '',
      columns: ['LLM rows.sum', 'LLM rows.n'],
      itemsColumn: 'LLM rows.n',
      better: 'lower',
      value: (at) => at('LLM rows.sum') / at('LLM rows.n'),
    },
    {
      name: 'LLM rows saved',
      part: '',
      columns: ['LLM saved.rows', 'LLM saved.eager'],
      itemsColumn: 'LLM saved.n',
      better: 'higher',
      value: (at) => 1 - at('LLM saved.rows') / at('LLM saved.eager'),
    },
  ];
}

function stageMetrics(columns: ReadonlySet<string>): Metric[] {
  return [...columns]
    .filter((name) => name.startsWith('time:') && name.endsWith('.n'))
    .map((name) => name.slice('time:'.length, -'.n'.length))
    .map((stage) => ({
      name: 'time per item (ms)',
      part: `stage=${stage}`,
      columns: [],
      hasInterval: false,
      itemsColumn: `time:${stage}.n`,
      better: 'lower',
      value: (at) => at(`time:${stage}.ms`) / at(`time:${stage}.n`),
    }));
}
