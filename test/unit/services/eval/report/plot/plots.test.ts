import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barPlot } from '../../../../../../services/eval/report/plot/bar-plot.ts';
import { histogramPlot } from '../../../../../../services/eval/report/plot/histogram-plot.ts';
import { type LinePoint, linePlot } from '../../../../../../services/eval/report/plot/line-plot.ts';
import { reliabilityPlot, shortCount } from '../../../../../../services/eval/report/plot/reliability-plot.ts';
import { element, escapeXml, fitLabel, labelWidth } from '../../../../../../services/eval/report/plot/svg.ts';

const caption = { id: 'toy', title: 'A title', description: 'What it shows.' };
const point = (x: number, y: number, more: Partial<LinePoint> = {}): LinePoint => ({ x, y, note: `at ${x}`, ...more });
const line = (points: readonly LinePoint[], name = 'one') =>
  linePlot({ ...caption, xName: 'x', yName: 'y', formatY: String, series: [{ name, points }] });

/** Every tag closed in its order, every attribute quoted, no number broken. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  const tags = /<(\/?)([a-z]+)((?: [a-zA-Z0-9-]+="[^"<>]*")*)(\/?)>/g;
  const rest = svg.replace(tags, (_, closing: string, name: string, attributes: string, self: string) => {
    if (closing) assert.equal(open.pop(), name);
    else if (!self) open.push(name);
    assert.doesNotMatch(attributes, /NaN|Infinity|undefined|style=/);
    return '';
  });
  assert.deepEqual(open, []);
  assert.doesNotMatch(rest, /[<>]/);
}

const count = (svg: string, pattern: RegExp) => [...svg.matchAll(pattern)].length;

test('a drawing has a title and a description that it is labeled by', () => {
  const svg = line([point(0, 1), point(1, 2)]);
  assert.match(svg, /role="img"[^>]* aria-labelledby="toy-title toy-description"/);
  assert.match(svg, /<title id="toy-title">A title<\/title><desc id="toy-description">What it shows\.<\/desc>/);
  assertWellFormed(svg);
});

test('NaN breaks a line and draws no point', () => {
  const svg = line([point(0, 1), point(1, 2), point(2, Number.NaN), point(3, 4)]);
  assert.equal(count(svg, /class="mark"/g), 3 + 1, 'three points and the key of the legend');
  const path = /<path d="([^"]+)"/.exec(svg)![1]!;
  assert.equal(count(path, /M/g), 2);
  assertWellFormed(svg);
});

test('plots of nothing, of one point and of zeros are drawings', () => {
  for (const points of [[], [point(0, 0)], [point(0, 0), point(1, 0)], [point(0, Number.NaN)]]) {
    assertWellFormed(line(points));
  }
  assertWellFormed(linePlot({ ...caption, xName: 'x', yName: 'y', formatY: String, series: [] }));
  const bars = { ...caption, xName: 'x', format: String, parts: [{ name: 'p', sign: 'P' }], stacked: true };
  for (const rows of [[], [{ name: 'a', values: [0] }], [{ name: 'a', values: [Number.NaN] }]]) {
    assertWellFormed(barPlot({ ...bars, rows }));
    assertWellFormed(barPlot({ ...bars, rows, stacked: false }));
  }
  const histogram = { ...caption, xName: 'x', format: String };
  assertWellFormed(histogramPlot({ ...histogram, panels: [] }));
  assertWellFormed(
    histogramPlot({ ...histogram, panels: [{ name: 'a', bins: [], markers: [{ name: 'p50', value: Number.NaN }] }] }),
  );
  const empty = { from: 0, to: 0.1, count: 0, confidence: Number.NaN, accuracy: Number.NaN };
  assertWellFormed(reliabilityPlot({ ...caption, bins: [empty], format: String }));
});

test('an interval is drawn where both of its ends are numbers', () => {
  assert.equal(count(line([point(0, 1, { low: 0.5, high: 2 })]), /class="whisker"/g), 3);
  assert.equal(count(line([point(0, 1, { low: 0.5, high: Number.NaN })]), /class="whisker"/g), 0);
});

test('bars are as long as their values, and a stack ends at their sum', () => {
  const rows = [
    { name: 'a', values: [1, 3] },
    { name: 'b', values: [2, 0] },
  ];
  const svg = barPlot({
    ...caption,
    xName: 'x',
    format: String,
    parts: [{ name: 'p' }, { name: 'q' }],
    rows,
    stacked: true,
  });
  const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="18"/g)].map((match) => ({
    x: Number(match[1]),
    width: Number(match[2]) + 1,
  }));
  assert.equal(bars.length, 3, 'a value of 0 has no bar');
  assert.ok(Math.abs(bars[1]!.width / bars[0]!.width - 3) < 0.01);
  assert.ok(Math.abs(bars[1]!.x - (bars[0]!.x + bars[0]!.width)) < 0.02);
  assert.ok(Math.abs(bars[2]!.width / bars[0]!.width - 2) < 0.01);
  assert.match(svg, />4<\/text>/);
});

test('names of series are escaped and cut to the width, with the whole name in a tooltip', () => {
  const hostile = '</svg><script>alert(1)</script>"\'&\u202e';
  const svg = line([point(0, 1)], hostile);
  assert.doesNotMatch(svg, /<script|<\/svg>.|\u202e/);
  assertWellFormed(svg);
  const long = 'a very long name of a system '.repeat(10);
  assert.match(line([point(0, 1)], long), new RegExp(`<title>${long}</title>`));
  assert.ok(labelWidth(fitLabel(long, 100)) <= 100);
  assert.equal(fitLabel('short', 100), 'short');
  assert.ok(labelWidth('中文') > 1.5 * labelWidth('ab'), 'wide characters are wide');
});

test('a broken number is an error, not a broken drawing', () => {
  assert.throws(() => element('rect', { x: Number.NaN }), RangeError);
  assert.equal(element('rect', { x: 1.23456, y: undefined }), '<rect x="1.23"/>');
  assert.equal(escapeXml('a\u0000b\ud800'), 'a\ufffdb\ufffd');
});

test('labels on an axis never touch', () => {
  const places = Array.from({ length: 40 }, (_, i) => ({ text: `range ${i}` }));
  const svg = linePlot({ ...caption, xName: 'x', yName: 'y', formatY: String, places, series: [] });
  const spans = [...svg.matchAll(/<text x="([\d.]+)" y="[\d.]+" class="tick middle">([^<]+)</g)].map((match) => {
    const half = labelWidth(match[2]!) / 2;
    return { from: Number(match[1]) - half, to: Number(match[1]) + half };
  });
  assert.ok(spans.length > 3 && spans.length < 40);
  for (let i = 1; i < spans.length; i++) assert.ok(spans[i]!.from > spans[i - 1]!.to);
});

test('counts are written short', () => {
  assert.deepEqual([0, 999, 1000, 1249, 34_400, 999_499, 999_600, 1_500_000].map(shortCount), [
    '0',
    '999',
    '1k',
    '1.2k',
    '34k',
    '999k',
    '1M',
    '1.5M',
  ]);
});
