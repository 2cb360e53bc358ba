/** Lines with marks and intervals. Series differ by color, mark and dash, so that none of the three is needed alone. */
import {
  type Area,
  type Caption,
  FIGURE_WIDTH,
  figure,
  legend,
  X_AXIS_HEIGHT,
  X_AXIS_TALL,
  type XTick,
  xAxis,
  yAxis,
} from './figure.ts';
import { linearScale, niceAxis } from './scale.ts';
import { coordinate, element, labelWidth, line, tooltip } from './svg.ts';

export interface LinePoint {
  readonly x: number;
  /** NaN: no point here, and the line is broken. */
  readonly y: number;
  /** Ends of an interval around y. */
  readonly low?: number;
  readonly high?: number;
  /** Shown when pointed at, after the name of the series. */
  readonly note: string;
}

export interface LinePlot extends Caption {
  readonly xName: string;
  readonly yName: string;
  /** Named places 0, 1, 2, ... on the x axis; without them x is a number. */
  readonly places?: readonly { readonly text: string; readonly under?: string }[];
  readonly formatX?: (value: number) => string;
  readonly formatY: (value: number) => string;
  readonly series: readonly { readonly name: string; readonly points: readonly LinePoint[] }[];
}

const PLOT_HEIGHT = 210;
/** Intervals of series that share an x stand beside each other. */
const DODGE_PX = 5;

export function linePlot(plot: LinePlot): string {
  const drawable = plot.series.map(({ name, points }) => ({
    name,
    points: points.filter(({ x }) => Number.isFinite(x)),
  }));
  const all = drawable.flatMap(({ points }) => points);
  const key = legend(
    drawable.map(({ name }) => name),
    FIGURE_WIDTH,
    0,
    lineKey,
  );
  const y = niceAxis(
    all.flatMap((point) => [point.y, point.low ?? Number.NaN, point.high ?? Number.NaN]),
    { fromZero: true },
  );
  const tickWidth = Math.max(...y.ticks.map((tick) => labelWidth(plot.formatY(tick))));
  const area: Area = { left: tickWidth + 12, right: FIGURE_WIDTH - 14, top: key.height + 28, bottom: 0 };
  const box = { ...area, bottom: area.top + PLOT_HEIGHT };
  const scaleY = linearScale(y.low, y.high, box.bottom, box.top);
  const { scaleX, ticks } = horizontal(plot, all, box);
  const dodge = (index: number) => (index - (drawable.length - 1) / 2) * DODGE_PX;
  const body = drawable.map(({ name, points }, index) =>
    seriesGroup(name, index, points, (x) => scaleX(x) + dodge(index), scaleY),
  );
  return figure(
    plot,
    FIGURE_WIDTH,
    box.bottom + (ticks.some(({ under }) => under) ? X_AXIS_TALL : X_AXIS_HEIGHT),
    key.svg,
    yAxis(box, y, scaleY, plot.formatY, plot.yName),
    xAxis(box, ticks, plot.xName),
    ...body,
  );
}

function horizontal(plot: LinePlot, points: readonly LinePoint[], area: Area) {
  if (plot.places) {
    const scaleX = linearScale(-0.5, plot.places.length - 0.5, area.left, area.right);
    const ticks = plot.places.map((place, i): XTick => ({ x: scaleX(i), ...place }));
    return { scaleX, ticks };
  }
  const axis = niceAxis(points.map(({ x }) => x));
  const inset = Math.max(10, DODGE_PX * plot.series.length);
  const scaleX = linearScale(axis.low, axis.high, area.left + inset, area.right - inset);
  const format = plot.formatX ?? String;
  return { scaleX, ticks: axis.ticks.map((tick): XTick => ({ x: scaleX(tick), text: format(tick) })) };
}

function seriesGroup(
  name: string,
  index: number,
  points: readonly LinePoint[],
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let broken = true;
  const marks: string[] = [];
  for (const point of points) {
    if (!Number.isFinite(point.y)) {
      broken = true;
      continue;
    }
    const [px, py] = [x(point.x), y(point.y)];
    path += `${broken ? 'M' : 'L'}${coordinate(px)} ${coordinate(py)}`;
    broken = false;
    marks.push(element('g', {}, tooltip(`${name}: ${point.note}`), interval(point, px, y), mark(index, px, py)));
  }
  return element(
    'g',
    { class: `s${index % 8}` },
    ...(path === '' ? [] : [element('path', { d: path, class: `line dash${index % 4}` })]),
    ...marks,
  );
}

function interval({ low, high }: LinePoint, x: number, y: (value: number) => number): string {
  if (low === undefined || high === undefined || !Number.isFinite(low) || !Number.isFinite(high)) return '';
  return (
    line(x, y(low), x, y(high), 'whisker') +
    line(x - 3, y(low), x + 3, y(low), 'whisker') +
    line(x - 3, y(high), x + 3, y(high), 'whisker')
  );
}

/** Circle, square, triangle, diamond; then the same hollow. */
export function mark(index: number, x: number, y: number, size = 4.5): string {
  const className = index % 8 < 4 ? 'mark' : 'mark hollow';
  const corners = (points: readonly (readonly [number, number])[]) =>
    element('polygon', {
      points: points.map(([dx, dy]) => `${coordinate(x + dx)},${coordinate(y + dy)}`).join(' '),
      class: className,
    });
  switch (index % 4) {
    case 0:
      return element('circle', { cx: x, cy: y, r: size, class: className });
    case 1:
      return element('rect', {
        x: x - size * 0.9,
        y: y - size * 0.9,
        width: size * 1.8,
        height: size * 1.8,
        class: className,
      });
    case 2:
      return corners([
        [0, -size * 1.2],
        [size * 1.15, size * 0.85],
        [-size * 1.15, size * 0.85],
      ]);
    default:
      return corners([
        [0, -size * 1.3],
        [size * 1.3, 0],
        [0, size * 1.3],
        [-size * 1.3, 0],
      ]);
  }
}

function lineKey(index: number, x: number, y: number): string {
  return element(
    'g',
    { class: `s${index % 8}` },
    line(x, y, x + 20, y, `line dash${index % 4}`),
    mark(index, x + 10, y, 4),
  );
}
