/** The figures: main metrics with intervals and paired differences, all metrics by slice, and the systems themselves. */
import type { Comparison, EvalResults, MetricRow, SystemResult } from '../../results.ts';
import {
  formatBytes,
  formatDifference,
  formatInterval,
  formatMetric,
  NO_VALUE,
  type Verdict,
  verdict,
} from '../metric-format.ts';
import { type Html, html, visible } from './html.ts';
import { settingsText } from './run-facts.ts';

/** Tables with more rows than this are folded away: they are for looking up, not for reading. */
const OPEN_ROWS_MAX = 24;

const VERDICTS: Readonly<Record<Verdict, string>> = { better: 'better', worse: 'worse', unclear: 'not clear' };

/** Metrics over all items, one block each, systems below each other. */
export function mainTable(results: EvalResults): Html {
  const compared = new Set(results.comparisons.map(({ metric }) => metric));
  const metrics = metricNames(results, ({ slice, low, counts, metric }) => {
    return slice === '' && (low !== undefined || counts !== undefined || compared.has(metric));
  });
  if (metrics.length === 0) return html`<p class="note">There is no metric with counts over all items.</p>`;
  const several = results.systems.length > 1;
  const columns = 7 + (several ? 3 : 0);
  const first = results.systems[0]!.name;
  const blocks = metrics.map((metric) => {
    const rows = results.systems.map((system) => mainRow(results, system, metric, several));
    return html`<tbody><tr class="group"><th colspan="${columns}" scope="rowgroup">${visible(metric)}</th></tr>${rows}</tbody>`;
  });
  return html`<p class="note">Over all items, with 95% bootstrap intervals.${
    several &&
    html` Differences are to the first system, <b>${visible(first)}</b>, on the same draws (paired); shares differ by percentage points. “Not clear”: the interval holds 0.`
  }</p>
<div class="scroll" tabindex="0" role="region" aria-label="Main metrics"><table>
<thead><tr><th scope="col">System</th><th scope="col" class="num">Value</th><th scope="col" class="num">95% interval</th>${
    several &&
    html`<th scope="col" class="num">Difference</th><th scope="col" class="num">95% interval</th><th scope="col">Verdict</th>`
  }<th scope="col" class="num" title="substitutions, or true positives">Sub / TP</th><th scope="col" class="num" title="deletions, or false negatives">Del / FN</th><th scope="col" class="num" title="insertions, or false positives">Ins / FP</th><th scope="col" class="num">Items</th></tr></thead>
${blocks}</table></div>`;
}

function mainRow(results: EvalResults, system: SystemResult, metric: string, several: boolean): Html {
  const row = system.metrics.find((entry) => entry.metric === metric && entry.slice === '');
  const comparison = results.comparisons.find(
    (entry) => entry.b === system.name && entry.metric === metric && entry.slice === '',
  );
  return html`<tr><th scope="row" class="name">${visible(system.name)}</th><td class="num">${formatMetric(metric, row?.value)}</td><td class="num interval">${formatInterval(metric, row?.low, row?.high)}</td>${
    several && differenceCells(metric, comparison)
  }${countCells(row)}<td class="num">${row ? row.items.toLocaleString('en-US') : NO_VALUE}</td></tr>`;
}

function differenceCells(metric: string, comparison: Comparison | undefined): Html {
  if (!comparison) return html`<td></td><td></td><td></td>`;
  const { difference, differenceInterval } = comparison;
  const says = verdict(metric, differenceInterval);
  return html`<td class="num">${formatDifference(metric, difference)}</td><td class="num interval">${formatInterval(metric, differenceInterval.low, differenceInterval.high)}</td><td class="verdict-${says}">${VERDICTS[says]}</td>`;
}

function countCells(row: MetricRow | undefined): Html {
  const counts = row?.counts;
  if (!counts) return html`<td></td><td></td><td></td>`;
  const three =
    'tp' in counts ? [counts.tp, counts.fn, counts.fp] : [counts.substitutions, counts.deletions, counts.insertions];
  return html`${three.map((count) => html`<td class="num">${count.toLocaleString('en-US')}</td>`)}`;
}

/** Every metric of every slice; systems beside each other. */
export function allMetricsTable(results: EvalResults): Html {
  const rows = new Map<string, { metric: string; slice: string }>();
  for (const { metrics } of results.systems) {
    for (const { metric, slice } of metrics) rows.set(`${slice}\0${metric}`, { metric, slice });
  }
  // By slice, each in the order in which it first came; the whole first.
  const slices = [...new Set([...rows.values()].map(({ slice }) => slice))].sort(
    (a, b) => Number(a !== '') - Number(b !== ''),
  );
  const blocks = slices.map((slice) => {
    const lines = [...rows.values()]
      .filter((row) => row.slice === slice)
      .map(({ metric }) => allRow(results, metric, slice));
    return html`<tbody><tr class="group"><th colspan="${results.systems.length + 2}" scope="rowgroup">${
      slice === '' ? 'All items' : visible(slice)
    }</th></tr>${lines}</tbody>`;
  });
  const table = html`<div class="scroll" tabindex="0" role="region" aria-label="All metrics"><table>
<thead><tr><th scope="col">Metric</th>${results.systems.map(
    ({ name }) => html`<th scope="col" class="num">${visible(name)}</th>`,
  )}<th scope="col" class="num">Items</th></tr></thead>
${blocks}</table></div>`;
  const open = rows.size <= OPEN_ROWS_MAX;
  return html`<details class="more"${open && html` open`}><summary>All metrics by slice (${rows.size} rows)</summary>${table}</details>`;
}

function allRow(results: EvalResults, metric: string, slice: string): Html {
  const entries = results.systems.map((system) =>
    system.metrics.find((entry) => entry.metric === metric && entry.slice === slice),
  );
  const cells = entries.map((entry) => {
    const interval = formatInterval(metric, entry?.low, entry?.high);
    return html`<td class="num">${formatMetric(metric, entry?.value)}${interval !== '' && html`<small>${interval}</small>`}</td>`;
  });
  const items = Math.max(...entries.map((entry) => entry?.items ?? 0));
  return html`<tr><th scope="row">${visible(metric)}</th>${cells}<td class="num">${items.toLocaleString('en-US')}</td></tr>`;
}

/** What each system is, and what went wrong with it. */
export function systemsTable(results: EvalResults): Html {
  const rows = results.systems.map(
    ({ name, settings, failed, peakMemoryBytes }) =>
      html`<tr><th scope="row" class="name">${visible(name)}</th><td>${settingsText(settings)}</td><td class="num">${failed.toLocaleString('en-US')}</td><td class="num">${
        peakMemoryBytes === undefined ? NO_VALUE : formatBytes(peakMemoryBytes)
      }</td></tr>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Systems"><table>
<thead><tr><th scope="col">System</th><th scope="col">Settings of its own</th><th scope="col" class="num">Failed items</th><th scope="col" class="num">Peak memory</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function metricNames(results: EvalResults, wanted: (row: MetricRow) => boolean): string[] {
  return [...new Set(results.systems.flatMap(({ metrics }) => metrics.filter(wanted).map(({ metric }) => metric)))];
}
