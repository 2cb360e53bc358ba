/** Horizontal bars, each under its label: names of any length fit, and there is room for the value behind the bar. */
import {
  type Area,
  type Caption,
  FIGURE_WIDTH,
  figure,
  legend,
  squareKey,
  X_AXIS_HEIGHT,
  type XTick,
  xAxis,
} from './figure.ts';
import { linearScale, niceAxis, type Scale } from './scale.ts';
import { element, fitLabel, LABEL_PX, label, labelWidth, line, tooltip } from './svg.ts';

export interface BarRow {
  readonly name: string;
  /** One value for each part (see BarPlot.parts), 0 and up; NaN: nothing to draw. */
  readonly values: readonly number[];
  /** Written behind a stacked bar, instead of the sum. */
  readonly total?: string;
}

export interface BarPlot extends Caption {
  readonly xName: string;
  readonly format: (value: number) => string;
  readonly parts: readonly {
    readonly name: string /** Written into the bar where it fits. */;
    readonly sign?: string;
  }[];
  readonly rows: readonly BarRow[];
  /** Parts one after the other in one bar, or each in its own. */
  readonly stacked: boolean;
  /** Fixed end of the axis, such as 1 for shares. */
  readonly high?: number;
}

const NAME_PX = 18;
const BAR_PX = 18;
const THIN_BAR_PX = 12;
const ROW_GAP_PX = 9;

export function barPlot(plot: BarPlot): string {
  const key = legend(
    plot.parts.map(({ name }) => name),
    FIGURE_WIDTH,
    0,
    squareKey,
  );
  const axis = niceAxis([...plot.rows.map((row) => extent(row, plot.stacked)), plot.high ?? Number.NaN], {
    fromZero: true,
  });
  const endLabels = plot.rows.flatMap((row) =>
    plot.stacked ? [totalOf(row, plot)] : row.values.filter(Number.isFinite).map(plot.format),
  );
  const endWidth = Math.max(0, ...endLabels.map((text) => labelWidth(text)));
  const area: Area = { left: 2, right: FIGURE_WIDTH - endWidth - 14, top: key.height + 10, bottom: 0 };
  const scale = linearScale(axis.low, axis.high, area.left, area.right);
  const rowHeight = NAME_PX + ROW_GAP_PX + (plot.stacked ? BAR_PX : THIN_BAR_PX * plot.parts.length + 2);
  const box = { ...area, bottom: area.top + Math.max(1, plot.rows.length) * rowHeight + 4 };
  const rows = plot.rows.map((row, index) => {
    const top = box.top + index * rowHeight;
    const shown = fitLabel(row.name, FIGURE_WIDTH - 4);
    const bars = plot.stacked ? stack : group;
    return element(
      'g',
      {},
      ...(shown === row.name ? [] : [tooltip(row.name)]),
      label(shown, { x: box.left + 3, y: top + 13, class: 'name' }),
      bars(row, plot, scale, top + NAME_PX),
    );
  });
  return figure(
    plot,
    FIGURE_WIDTH,
    box.bottom + X_AXIS_HEIGHT,
    key.svg,
    ...axis.ticks.map((tick) => line(scale(tick), box.top, scale(tick), box.bottom, tick === 0 ? 'axis' : 'grid')),
    ...rows,
    xAxis(
      box,
      axis.ticks.map(
        (tick): XTick => ({ x: Math.max(scale(tick), labelWidth(plot.format(tick)) / 2), text: plot.format(tick) }),
      ),
      plot.xName,
    ),
  );
}

function extent(row: BarRow, stacked: boolean): number {
  const finite = row.values.filter(Number.isFinite);
  return stacked ? finite.reduce((sum, value) => sum + value, 0) : Math.max(0, ...finite);
}

function totalOf(row: BarRow, plot: BarPlot): string {
  return row.total ?? plot.format(extent(row, true));
}

function stack(row: BarRow, plot: BarPlot, scale: Scale, top: number): string {
  let sum = 0;
  const parts = row.values.map((value, i) => {
    if (!(value > 0) || !Number.isFinite(value)) return '';
    const [from, to] = [scale(sum), scale(sum + value)];
    sum += value;
    const { name, sign } = plot.parts[i]!;
    const width = to - from;
    const fits = sign !== undefined && width > labelWidth(sign) + 6;
    return element(
      'g',
      {},
      tooltip(`${row.name}, ${name}: ${plot.format(value)}`),
      element('rect', { x: from, y: top, width: Math.max(0.75, width - 1), height: BAR_PX, class: `bar s${i % 8}` }),
      ...(fits
        ? [label(sign, { x: (from + to) / 2, y: top + BAR_PX / 2 + LABEL_PX * 0.35, class: 'sign middle' })]
        : []),
    );
  });
  const text = totalOf(row, plot);
  return parts.join('') + label(text, { x: scale(sum) + 6, y: top + BAR_PX / 2 + LABEL_PX * 0.35, class: 'value' });
}

function group(row: BarRow, plot: BarPlot, scale: Scale, top: number): string {
  return row.values
    .map((value, i) => {
      const y = top + i * THIN_BAR_PX;
      if (!Number.isFinite(value)) return label('–', { x: scale(0) + 6, y: y + THIN_BAR_PX - 2, class: 'value' });
      const name = plot.parts[i]!.name;
      return element(
        'g',
        {},
        tooltip(`${row.name}, ${name}: ${plot.format(value)}`),
        element('rect', {
          x: scale(0),
          y,
          width: Math.max(0.75, scale(value) - scale(0)),
          height: THIN_BAR_PX - 1.5,
          class: `bar s${i % 8}`,
        }),
        label(plot.format(value), { x: scale(value) + 6, y: y + THIN_BAR_PX - 2, class: 'value small' }),
      );
    })
    .join('');
}
