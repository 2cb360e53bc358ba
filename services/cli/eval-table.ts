/** Results of an evaluation as text for a terminal. Pure functions of results.json. */
import type { Comparison, EvalResults, ItemResult, MetricRow } from '../eval/results.ts';
import { padToWidth, textWidth } from '../output/text-width.ts';

/** Metrics that are no shares: shown as numbers. */
const PLAIN = /^(RTF|LLM rows|calibration error|items)|\(ms\)$/;
/** Counted things: without decimals. */
const WHOLE = /^(LLM rows|items)|\(ms\)$/;

/** `all`: every slice; else all items, languages and types of error. */
export function resultText(results: EvalResults, { all }: { readonly all: boolean }): string {
  const { task, data, systems, comparisons } = results;
  const items = data.items === 1 ? '1 item' : `${data.items} items`;
  const rows = systems.flatMap(({ name, metrics, peakMemoryBytes }) => [
    ...metrics
      .filter(({ slice }) => all || slice === '' || /^(lang|type)=/.test(slice))
      .map((row) => metricCells(name, row)),
    ...(peakMemoryBytes === undefined
      ? []
      : [[name, 'peak memory', '', `${Math.round(peakMemoryBytes / 1e6)} MB`, '']]),
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

/** The failed items, as far as they are shown. */
export function failureText(failures: readonly ItemResult[], total: number): string {
  const head = total === 1 ? 'One result failed; it counts as empty:' : `${total} results failed; they count as empty:`;
  const lines = failures.map(({ id, system, error }) => `  ${id} by ${system}: ${error!.message} [${error!.code}]`);
  const rest = total > failures.length ? [`  and ${total - failures.length} more in items.jsonl`] : [];
  return `${[head, ...lines, ...rest].join('\n')}\n`;
}

function metricCells(system: string, { metric, slice, value, low, high, items }: MetricRow): string[] {
  const show = (number: number | null) => metricValue(metric, number);
  const interval = low === undefined || high === undefined ? '' : ` [${show(low)}, ${show(high)}]`;
  const unit = value === null || PLAIN.test(metric) ? '' : '%';
  return [system, metric, slice, `${show(value)}${unit}${interval}`, String(items)];
}

function metricValue(metric: string, value: number | null): string {
  if (value === null || Number.isNaN(value)) return '-';
  if (WHOLE.test(metric)) return value.toFixed(0);
  return PLAIN.test(metric) ? value.toFixed(3) : (100 * value).toFixed(2);
}

function comparisonCells({ b, metric, slice, difference, differenceInterval, ...rest }: Comparison): string[] {
  const { relative, relativeInterval, betterShare } = rest;
  const points = (value: number) => signed(100 * value, 2);
  const percent = (value: number) => signed(100 * value, 1);
  return [
    b,
    metric,
    slice,
    `${points(difference)} pt [${points(differenceInterval.low)}, ${points(differenceInterval.high)}]`,
    `${percent(relative)}% [${percent(relativeInterval.low)}, ${percent(relativeInterval.high)}]`,
    `${(100 * betterShare).toFixed(0)}% of draws`,
  ];
}

function signed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '-';
  return value > 0 ? `+${value.toFixed(digits)}` : value.toFixed(digits);
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
