/** Reliability diagram (Murphy and Winkler 1977; Guo et al. 2017): how often a system is right when it is so sure. */
import { type Area, type Caption, figure, xAxis, yAxis } from './figure.ts';
import { linearScale } from './scale.ts';
import { element, label, line, tooltip } from './svg.ts';

export interface ReliabilityPlot extends Caption {
  /** One for each range of confidence. */
  readonly bins: readonly {
    readonly from: number;
    readonly to: number;
    readonly count: number;
    /** Mean confidence and share that is right, 0..1; NaN where count is 0. */
    readonly confidence: number;
    readonly accuracy: number;
  }[];
  readonly format: (share: number) => string;
}

const WIDTH = 320;
const SIDE = 240;
const COUNTS_PX = 46;
const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];

export function reliabilityPlot(plot: ReliabilityPlot): string {
  const area: Area = { left: 52, right: 52 + SIDE, top: 26, bottom: 26 + SIDE };
  const x = linearScale(0, 1, area.left, area.right);
  const y = linearScale(0, 1, area.bottom, area.top);
  const filled = plot.bins.filter(({ count }) => count > 0);
  const note = (bin: (typeof filled)[number]) =>
    `${plot.format(bin.from)} to ${plot.format(bin.to)}: ${bin.count} units, confidence ${plot.format(bin.confidence)}, right ${plot.format(bin.accuracy)}`;
  const bars = filled.map((bin) =>
    element(
      'g',
      {},
      tooltip(note(bin)),
      element('rect', {
        x: x(bin.from) + 0.75,
        y: y(bin.accuracy),
        width: x(bin.to) - x(bin.from) - 1.5,
        height: Math.max(0.75, area.bottom - y(bin.accuracy)),
        class: 'bar s0 pale',
      }),
      element('circle', { cx: x(bin.confidence), cy: y(bin.accuracy), r: 4, class: 'mark s0' }),
    ),
  );
  // Counts by the logarithm: most words are sure, and the few doubtful ones must be seen.
  const top = area.bottom + 50;
  const most = Math.max(1, ...filled.map(({ count }) => count));
  const height = linearScale(0, Math.log(most + 1), 0, COUNTS_PX);
  const counts = filled.map((bin) =>
    element(
      'g',
      {},
      tooltip(note(bin)),
      element('rect', {
        x: x(bin.from) + 0.75,
        y: top + 16 + COUNTS_PX - height(Math.log(bin.count + 1)),
        width: x(bin.to) - x(bin.from) - 1.5,
        height: height(Math.log(bin.count + 1)),
        class: 'bar s7 pale',
      }),
      label(shortCount(bin.count), {
        x: (x(bin.from) + x(bin.to)) / 2,
        y: top + 12 + COUNTS_PX - height(Math.log(bin.count + 1)),
        class: 'tick middle tiny',
      }),
    ),
  );
  const axis = { low: 0, high: 1, ticks: TICKS };
  return figure(
    plot,
    WIDTH,
    top + COUNTS_PX + 20,
    yAxis(area, axis, y, plot.format, 'right'),
    line(x(0), y(0), x(1), y(1), 'ideal'),
    ...bars,
    xAxis(
      area,
      TICKS.map((tick) => ({ x: x(tick), text: plot.format(tick) })),
      'confidence; below: units (log scale)',
    ),
    ...counts,
    line(area.left, top + 16 + COUNTS_PX, area.right, top + 16 + COUNTS_PX, 'axis'),
  );
}

/** 950, 1.2k, 34k, 1.5M: what fits above a bar of 24 pixels. */
export function shortCount(count: number): string {
  const short = (value: number, unit: string) => `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)}${unit}`;
  if (count < 1000) return String(count);
  // 999,999 rounds up to a thousand thousands.
  return count < 999_500 ? short(count / 1000, 'k') : short(count / 1_000_000, 'M');
}
