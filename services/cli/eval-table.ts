/** Results of an evaluation as text for a terminal. Pure functions of results.json. */

import { formatBytes, formatDifference, formatInterval, formatMetric } from '../eval/report/metric-format.ts';
import type { Comparison, EvalResults, ItemResult, MetricRow } from '../eval/results.ts';
import { padToWidth, textWidth } from '../output/text-width.ts';

/** Metrics that are shown by language and by type of error; the others by all items alone. */
const SLICED = /^(WER|CER|MER|F0\.5|precision|recall|entity recall)$/;

/** `all`: every row; else those with a value, and of slices what quality is judged by. */
export function resultText(results: EvalResults, { all }: { readonly all: boolean }): string {
  const { task, data, systems, comparisons } = results;
  const items = data.items === 1 ? '1 item' : `${data.items} items`;
  const rows = systems.flatMap(({ name, metrics, peakMemoryBytes }) => [
    ...metrics.filter((row) => all || isShown(row)).map((row) => metricCells(name, row)),
    ...(peakMemoryBytes === undefined ? [] : [[name, 'peak memory', '', formatBytes(peakMemoryBytes), '']]),
  ]);
  const parts = [
    `${task}: ${items} of ${data.location} (${data.form})`,
    columns(['system', 'metric', 'slice', 'value [95%]', 'items'], rows),
  ];
  if (comparisons.length > 0) {
    const header = ['system', 'metric', 'slice', 'difference [95%]', 'relative [95%]', 'better in'];
    parts.push(`Against ${comparisons[0]!.a}:\n${columns(header, comparisons.map(comparisonCells))}`);
  }
  return `${parts.join('\n\n')}\n`;
}

function isShown({ metric, slice, value }: MetricRow): boolean {
  return value !== null && (slice === '' || (/^(lang|type)=/.test(slice) && SLICED.test(metric)));
}

/** The failed items, as far as they are shown. */
export function failureText(failures: readonly ItemResult[], total: number): string {
  const head = total === 1 ? 'One result failed; it counts as empty:' : `${total} results failed; they count as empty:`;
  const lines = failures.map(({ id, system, error }) => `  ${id} by ${system}: ${error!.message} [${error!.code}]`);
  const rest = total > failures.length ? [`  and ${total - failures.length} more in items.jsonl`] : [];
  return `${[head, ...lines, ...rest].join('\n')}\n`;
}

function metricCells(system: string, { metric, slice, value, low, high, items }: MetricRow): string[] {
  return [system, metric, slice, `${formatMetric(metric, value)} ${formatInterval(metric, low, high)}`, String(items)];
}

function comparisonCells({ b, metric, slice, difference, differenceInterval, ...rest }: Comparison): string[] {
  const { relative, relativeInterval, betterShare } = rest;
  // A ratio is a share of the first rate: formatted as one.
  const share = (value: number) => formatDifference('share', value);
  return [
    b,
    metric,
    slice,
    `${formatDifference(metric, difference)} ${formatInterval(metric, differenceInterval.low, differenceInterval.high)}`,
    `${share(relative)}${Number.isFinite(relative) ? '%' : ''} ${formatInterval('share', relativeInterval.low, relativeInterval.high)}`,
    `${(100 * betterShare).toFixed(0)}% of draws`,
  ];
}

/** Left-aligned columns, two spaces between them; wide characters count twice. */
function columns(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => textWidth(row[i] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, i) => padToWidth(cell, widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
