/** Which plots an evaluation has, and what is in them. What has no data is not drawn, and named in one sentence. */

import type { EvalResults, MetricRow, SystemResult } from '../../results.ts';
import { rateName, usualUnit } from '../../score.ts';
import { CONFIDENCE_BINS, calibrationError, type ItemBins, LENGTH_ENDS } from '../item-bins.ts';
import { PLOTTED_SYSTEMS_MAX, PLOTTED_TYPES_MAX } from '../limits.ts';
import { formatMetric, formatMs, formatShare, NO_VALUE, shortShare } from '../metric-format.ts';
import { barPlot } from '../plot/bar-plot.ts';
import { histogramPlot } from '../plot/histogram-plot.ts';
import { type LinePlot, linePlot } from '../plot/line-plot.ts';
import { reliabilityPlot } from '../plot/reliability-plot.ts';
import { type Html, html, markup, visible } from './html.ts';

interface Plot {
  readonly title: string;
  readonly svg: string;
  /** Under the drawing. */
  readonly caption: string;
  /** Drawn narrow, several in a row. */
  readonly small?: boolean;
}

interface PlotInput {
  readonly results: EvalResults;
  /** The first PLOTTED_SYSTEMS_MAX. */
  readonly systems: readonly SystemResult[];
  readonly bins: readonly ItemBins[];
}

type PlotKind = readonly [what: string, why: string, make: (input: PlotInput) => Plot[]];

const PLOTS: readonly PlotKind[] = [
  ['error by r', 'fewer than two systems have a weight of the language model', plotsByWeight],
  ['error by length', 'no item has a rate', plotsByLength],
  ['errors by type', 'no item has counts by type', plotsByType],
  ['time per stage', 'no item has timings', stagePlots],
  ['latency', 'no item has timings', latencyPlots],
  ['confidence', 'no item has confidences', calibrationPlots],
];

export function plotsSection(results: EvalResults, bins: readonly ItemBins[]): Html {
  const input = { results, bins, systems: results.systems.slice(0, PLOTTED_SYSTEMS_MAX) };
  const plots: Plot[] = [];
  const missing: string[] = [];
  for (const [what, why, make] of PLOTS) {
    const made = make(input);
    if (made.length === 0) missing.push(`${what} (${why})`);
    plots.push(...made);
  }
  const grid = (some: readonly Plot[], className: string) =>
    some.length > 0 && html`<div class="${className}">${some.map(figureOf)}</div>`;
  const more = results.systems.length - input.systems.length;
  return html`${grid(
    plots.filter(({ small }) => !small),
    'plots',
  )}${grid(
    plots.filter(({ small }) => small),
    'plots small',
  )}${missing.length > 0 && html`<p class="note">Not drawn: ${missing.join('; ')}.</p>`}${
    more > 0 &&
    html`<p class="note">The plots show the first ${input.systems.length} systems; ${more} more are in the tables.</p>`
  }`;
}

function figureOf({ title, svg, caption }: Plot): Html {
  return html`<figure><h3>${visible(title)}</h3>${markup(svg)}<figcaption>${visible(caption)}</figcaption></figure>`;
}

/** Metrics that are drawn over r and share an axis. */
const FAMILIES: readonly (readonly string[])[] = [['WER', 'CER', 'MER'], ['F0.5'], ['entity recall']];

function plotsByWeight({ results }: PlotInput): Plot[] {
  const weighted = results.systems
    .map((system) => ({ system, weight: llmWeightOf(system) }))
    .filter(({ weight }) => Number.isFinite(weight))
    .sort((a, b) => a.weight - b.weight);
  if (new Set(weighted.map(({ weight }) => weight)).size < 2) return [];
  return FAMILIES.flatMap((family, number): Plot[] => {
    const lines = new Map<string, MetricRow>();
    for (const { system } of weighted) {
      for (const row of system.metrics) {
        if (family.includes(row.metric) && isUsual(row)) lines.set(`${row.metric}, ${row.slice || 'all'}`, row);
      }
    }
    const series = [...lines].slice(0, PLOTTED_SYSTEMS_MAX).map(([name, { metric, slice }]) => ({
      name,
      points: weighted.map(({ system, weight }) => {
        const row = system.metrics.find((entry) => entry.metric === metric && entry.slice === slice);
        return {
          x: weight,
          y: row?.value ?? Number.NaN,
          low: row?.low ?? Number.NaN,
          high: row?.high ?? Number.NaN,
          note: `r=${weight}: ${formatMetric(metric, row?.value)}`,
        };
      }),
    }));
    if (!series.some(({ points }) => points.some(({ y }) => Number.isFinite(y)))) return [];
    const quantity = number === 0 ? 'error rate' : family[0]!;
    const title = `${number === 0 ? 'Error' : quantity} by r`;
    const plot: LinePlot = {
      id: `by-r-${number}`,
      title,
      description: `${quantity} over the weight of the language model. ${series.map(describe).join(' ')}`,
      xName: 'r, weight of the language model',
      yName: quantity,
      formatY: shortShare,
      series,
    };
    return [{ title, svg: linePlot(plot), caption: 'Bars are 95% bootstrap intervals; r=0 is the recognizer alone.' }];
  });
}

/** `all`, and each language by the rate that it is usually reported by. */
function isUsual({ metric, slice }: MetricRow): boolean {
  if (slice === '') return true;
  const language = /^lang=(.+)$/.exec(slice)?.[1];
  if (language === undefined) return false;
  return !FAMILIES[0]!.includes(metric) || metric === 'MER' || metric === rateName(usualUnit(language));
}

function describe({ name, points }: { name: string; points: readonly { note: string }[] }): string {
  return `${name}: ${points.map(({ note }) => note).join(', ')}.`;
}

/** From the settings, or from a name such as `r=0.1`. NaN where neither says. */
export function llmWeightOf({ name, settings }: SystemResult): number {
  const weight = settings['llmWeight'];
  if (typeof weight === 'number') return weight;
  return Number(/^r\s*=\s*(\d+(?:\.\d+)?)/.exec(name)?.[1] ?? Number.NaN);
}

const LENGTH_UNITS: Readonly<Record<string, string>> = {
  WER: 'words',
  CER: 'characters',
  MER: 'words and characters',
  edits: 'words and characters',
  entities: 'words and characters',
};

/** Metrics that every item of a task has. */
const LONE_METRICS = new Set(['edits', 'entities']);

function plotsByLength({ systems, bins }: PlotInput): Plot[] {
  const metrics = [...new Set(bins.flatMap(({ lengths }) => [...lengths.keys()]))];
  return metrics.flatMap((metric): Plot[] => {
    const counts = LENGTH_ENDS.map((_, i) =>
      Math.max(0, ...bins.map((one) => one.lengths.get(metric)?.[i]?.items ?? 0)),
    );
    const used = counts.flatMap((count, i) => (count > 0 ? [i] : []));
    if (used.length === 0) return [];
    const unit = LENGTH_UNITS[metric] ?? 'units';
    const series = systems.map(({ name }, system) => ({
      name,
      points: used.map((bin, place) => {
        const held = bins[system]?.lengths.get(metric)?.[bin];
        const rate = held && held.units > 0 ? held.errors / held.units : Number.NaN;
        return {
          x: place,
          y: rate,
          note: `${lengthName(bin)} ${unit}: ${formatShare(rate)} of ${held?.items ?? 0} items`,
        };
      }),
    }));
    const title = `${metric === 'edits' ? 'Edit errors' : metric === 'entities' ? 'Entity errors' : metric} by length`;
    const svg = linePlot({
      id: `by-length-${metrics.indexOf(metric)}`,
      title,
      description: `Errors over units for ranges of reference length. ${series.map(describe).join(' ')}`,
      xName: `${unit} in the reference; n: items`,
      yName: metric === 'edits' || metric === 'entities' ? `wrong and missed ${metric}, per gold one` : metric,
      places: used.map((bin) => ({ text: lengthName(bin), under: `n=${counts[bin]}` })),
      formatY: shortShare,
      series,
    });
    return [
      {
        title,
        svg,
        caption: LONE_METRICS.has(metric)
          ? 'All items that have a reference.'
          : `Items whose main metric is ${metric}.`,
      },
    ];
  });
}

function lengthName(bin: number): string {
  const from = bin === 0 ? 1 : LENGTH_ENDS[bin - 1]! + 1;
  const to = LENGTH_ENDS[bin]!;
  return to === Number.POSITIVE_INFINITY ? `${from}+` : from === to ? String(to) : `${from}–${to}`;
}

function plotsByType(input: PlotInput): Plot[] {
  return [...ratePlots(input), ...editPlots(input)];
}

/** Substitutions, deletions and insertions of each system, as shares of the reference. */
function ratePlots({ systems, bins }: PlotInput): Plot[] {
  const metrics = [...new Set(bins.flatMap(({ counts }) => [...counts.keys()]))];
  return metrics.map((metric): Plot => {
    const rows = systems.map(({ name }, system) => {
      const held = bins[system]?.counts.get(metric);
      const share = (count: number | undefined) =>
        held && held.refUnits > 0 ? (count ?? 0) / held.refUnits : Number.NaN;
      const values = [share(held?.substitutions), share(held?.deletions), share(held?.insertions)];
      return { name, values, total: formatShare(values.reduce((sum, value) => sum + value, 0)) };
    });
    const title = `${metric} by type of error`;
    const svg = barPlot({
      id: `by-type-${metrics.indexOf(metric)}`,
      title,
      description: rows
        .map(({ name, values: [s, d, i] }) => {
          return `${name}: ${formatShare(s!)} substitutions, ${formatShare(d!)} deletions, ${formatShare(i!)} insertions.`;
        })
        .join(' '),
      xName: `share of the reference's ${LENGTH_UNITS[metric] ?? 'units'}`,
      format: shortShare,
      parts: [
        { name: 'substitutions', sign: 'S' },
        { name: 'deletions', sign: 'D' },
        { name: 'insertions', sign: 'I' },
      ],
      rows,
      stacked: true,
    });
    return { title, svg, caption: `Summed over the items whose main metric is ${metric}.` };
  });
}

/** Precision, recall and F0.5 by type of edit, a plot for each system. */
function editPlots({ systems, bins }: PlotInput): Plot[] {
  return systems.flatMap(({ name }, system): Plot[] => {
    const types = [...(bins[system]?.edits ?? [])].filter(([type]) => type !== 'all');
    if (types.length === 0) return [];
    const gold = ([, { tp, fn }]: (typeof types)[number]) => tp + fn;
    types.sort((a, b) => gold(b) - gold(a) || (a[0] < b[0] ? -1 : 1));
    const shown = types.slice(0, PLOTTED_TYPES_MAX);
    const rows = shown.map((entry) => {
      const [type, { tp, fp, fn }] = entry;
      const precision = tp / (tp + fp);
      const recall = tp / (tp + fn);
      return { name: `${type} (${gold(entry)} gold)`, values: [precision, recall, fBeta(tp, fp, fn)] };
    });
    const title = `Edits by type: ${name}`;
    const svg = barPlot({
      id: `edits-${system}`,
      title,
      description: rows
        .map(({ name: type, values: [p, r, f] }) => {
          return `${type}: precision ${formatShare(p!)}, recall ${formatShare(r!)}, F0.5 ${formatShare(f!)}.`;
        })
        .join(' '),
      xName: 'share',
      format: shortShare,
      parts: [{ name: 'precision' }, { name: 'recall' }, { name: 'F0.5' }],
      rows,
      stacked: false,
      high: 1,
    });
    const rest = types.length - shown.length;
    return [
      { title, svg, caption: rest > 0 ? `The most frequent types; ${rest} more are in the tables.` : 'All types.' },
    ];
  });
}

/** F0.5 of counts: (1 + b²) tp / ((1 + b²) tp + b² fn + fp), van Rijsbergen 1979; NaN where there is nothing at all. */
function fBeta(tp: number, fp: number, fn: number): number {
  return (1.25 * tp) / (1.25 * tp + 0.25 * fn + fp);
}

function stagePlots({ systems, bins }: PlotInput): Plot[] {
  const timed = bins.slice(0, systems.length).filter((one) => one.timed > 0);
  if (timed.length === 0) return [];
  const sums = new Map<string, number>();
  for (const one of timed) for (const [stage, ms] of one.stagesMs) sums.set(stage, (sums.get(stage) ?? 0) + ms);
  // The longest stages have colors of their own; the rest, and what no stage accounts for, is one part.
  const stages = [...sums]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 7)
    .map(([stage]) => stage);
  const rows = systems.map(({ name }, system) => {
    const one = bins[system];
    if (!one || one.timed === 0)
      return { name, values: [...stages.map(() => Number.NaN), Number.NaN], total: NO_VALUE };
    const values = stages.map((stage) => (one.stagesMs.get(stage) ?? 0) / one.timed);
    const rest = one.totalMs / one.timed - values.reduce((sum, value) => sum + value, 0);
    const meanMs = one.totalMs / one.timed;
    const factor = one.timedAudioS > 0 ? `, RTF ${Number((one.totalMs / 1000 / one.timedAudioS).toPrecision(2))}` : '';
    return { name, values: [...values, Math.max(0, rest)], total: `${formatMs(meanMs)}${factor}` };
  });
  const title = 'Time per stage';
  const svg = barPlot({
    id: 'stages',
    title,
    description: rows
      .map(({ name, values, total }) => {
        const parts = [...stages, 'other'].map((stage, i) => `${stageName(stage)} ${formatMs(values[i]!)}`);
        return `${name}: ${total}; ${parts.join(', ')}.`;
      })
      .join(' '),
    xName: 'mean time for one item',
    format: formatMs,
    parts: [...stages.map((stage) => ({ name: stageName(stage) })), { name: 'other' }],
    rows,
    stacked: true,
  });
  return [{ title, svg, caption: 'Wall-clock mean of the items; stages that overlap in time can pass the total.' }];
}

function stageName(stage: string): string {
  return stage.replace(/Ms$/, '');
}

function latencyPlots({ systems, bins }: PlotInput): Plot[] {
  const panels = systems.flatMap(({ name }, system) => {
    const one = bins[system];
    if (!one || one.timed === 0) return [];
    const markers = [
      { name: 'p50', value: one.latencyQuantile(0.5) },
      { name: 'p95', value: one.latencyQuantile(0.95) },
    ];
    return [{ name, bins: one.latency(), markers }];
  });
  if (panels.length === 0) return [];
  const title = 'Latency';
  const svg = histogramPlot({
    id: 'latency',
    title,
    description: panels
      .map(({ name, markers }) => `${name}: ${markers.map((m) => `${m.name} ${formatMs(m.value)}`).join(', ')}.`)
      .join(' '),
    xName: 'time for one item (log scale)',
    format: formatMs,
    panels,
  });
  return [{ title, svg, caption: 'Each panel has a height of its own. Percentiles are read from the ranges.' }];
}

function calibrationPlots({ systems, bins }: PlotInput): Plot[] {
  return systems.flatMap(({ name }, system): Plot[] => {
    const held = bins[system]?.confidence ?? [];
    const total = held.reduce((sum, { count }) => sum + count, 0);
    if (total === 0) return [];
    const error = formatShare(calibrationError(held));
    const title = `Confidence: ${name}`;
    const svg = reliabilityPlot({
      id: `confidence-${system}`,
      title,
      description: `How often units are right, by the confidence given to them. Expected calibration error ${error} over ${total} units.`,
      bins: held.map(({ count, confidenceSum, right }, i) => ({
        from: i / CONFIDENCE_BINS,
        to: (i + 1) / CONFIDENCE_BINS,
        count,
        confidence: confidenceSum / count,
        accuracy: right / count,
      })),
      format: (share) => `${Math.round(share * 100)}%`,
    });
    const caption = `Expected calibration error ${error}, ${total.toLocaleString('en-US')} units. On the dotted line, confidence is true.`;
    return [{ title, svg, caption, small: true }];
  });
}
