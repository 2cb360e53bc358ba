/** Histograms of one quantity for several systems, one above the other over a common logarithmic axis. */
import { type Caption, FIGURE_WIDTH, figure, X_AXIS_HEIGHT, type XTick, xAxis } from './figure.ts';
import { decadeAxis, linearScale, logScale } from './scale.ts';
import { element, fitLabel, label, labelWidth, line, tooltip } from './svg.ts';

export interface HistogramPlot extends Caption {
  readonly xName: string;
  readonly format: (value: number) => string;
  readonly panels: readonly {
    readonly name: string;
    /** Ascending, above 0, without gaps that hold anything. */
    readonly bins: readonly { readonly from: number; readonly to: number; readonly count: number }[];
    /** Lines through the panel, such as the median. */
    readonly markers: readonly { readonly name: string; readonly value: number }[];
  }[];
}

const PANEL_PX = 72;
const NAME_PX = 20;
const GAP_PX = 12;

export function histogramPlot(plot: HistogramPlot): string {
  const filled = plot.panels.map(({ bins }) => bins.filter(({ count }) => count > 0));
  const axis = decadeAxis(filled.flatMap((bins) => bins.flatMap(({ from, to }) => [from, to])));
  const area = { left: 2, right: FIGURE_WIDTH - 16, top: 0, bottom: 0 };
  const scale = logScale(axis.low, axis.high, area.left, area.right);
  const panelHeight = NAME_PX + PANEL_PX + GAP_PX;
  const body = plot.panels.map((panel, index) => {
    const top = index * panelHeight + NAME_PX;
    const bottom = top + PANEL_PX;
    // Each panel by its own peak: the shapes are compared, the counts stand beside the name.
    const peak = Math.max(1, ...filled[index]!.map(({ count }) => count));
    const height = linearScale(0, peak, 0, PANEL_PX - 4);
    const total = filled[index]!.reduce((sum, { count }) => sum + count, 0);
    const bars = filled[index]!.map(({ from, to, count }) =>
      element(
        'g',
        {},
        tooltip(`${panel.name}, ${plot.format(from)} to ${plot.format(to)}: ${count}`),
        element('rect', {
          x: scale(from),
          y: bottom - height(count),
          width: Math.max(0.75, scale(to) - scale(from) - 1),
          height: height(count),
          class: `bar s${index % 8}`,
        }),
      ),
    );
    const marks = panel.markers.filter(({ value }) => value > 0 && Number.isFinite(value));
    const legendText = marks.map(({ name, value }) => `${name} ${plot.format(value)}`).join(', ');
    const facts = `n=${total}${legendText === '' ? '' : `; ${legendText}`}`;
    return element(
      'g',
      {},
      label(fitLabel(panel.name, FIGURE_WIDTH * 0.45), { x: area.left, y: top - 6, class: 'name' }),
      label(facts, { x: area.right, y: top - 6, class: 'tick end' }),
      ...axis.ticks.map((tick) => line(scale(tick), top, scale(tick), bottom, 'grid')),
      ...bars,
      line(area.left, bottom, area.right, bottom, 'axis'),
      ...marks.map(({ name, value }, i) =>
        element(
          'g',
          {},
          tooltip(`${panel.name}, ${name}: ${plot.format(value)}`),
          line(scale(value), top, scale(value), bottom, `marker dash${i % 4}`),
        ),
      ),
    );
  });
  const bottom = Math.max(1, plot.panels.length) * panelHeight - GAP_PX;
  // Labels at both ends would reach out of the drawing.
  const ticks = axis.ticks.map((tick): XTick => {
    const text = plot.format(tick);
    const half = labelWidth(text) / 2;
    return { x: Math.min(Math.max(scale(tick), half), FIGURE_WIDTH - half), text };
  });
  return figure(plot, FIGURE_WIDTH, bottom + X_AXIS_HEIGHT, ...body, xAxis({ ...area, bottom }, ticks, plot.xName));
}
