import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CharFlag } from '../../../../models/page-image/text-layer.ts';
import { judgeTextLayer } from '../../../../models/page-image/text-layer-verdict.ts';
import { TOY_DPI, type ToyPage, toyPage } from '../../../support/toy-page.ts';

const LINES = [
  'Beautiful is better than ugly, and explicit is better than implicit.',
  'Genişleme: NATO, 26 üyeli düzende ilk toplantısını gerçekleştirecek.',
  'Simple is better than complex; complex is better than complicated.',
];
const WHOLE_PAGE = [0, 0, 600, 800] as const;

function judge({ raster, layer }: ToyPage, images: readonly (readonly [number, number, number, number])[] = []) {
  return judgeTextLayer(layer, { raster, dpi: TOY_DPI, images });
}

test('text that stands on its own ink is sound', () => {
  const verdict = judge(toyPage(LINES));
  assert.equal(verdict.reason, '');
  assert.equal(verdict.sound, true);
  assert.equal(verdict.measures.onInkShare, 1);
  assert.ok(verdict.measures.inkCoveredShare > 0.99);
});

test('a layer without characters is empty', () => {
  assert.equal(judge(toyPage(LINES, { layerLines: [] })).fault, 'empty');
});

test('more than one character in thirty without a meaning is unmapped, bullets are not', () => {
  const spoil = (count: number) => {
    const page = toyPage(LINES);
    for (let i = 0; i < count; i++) page.layer.codes[i * 5] = i % 2 ? 0xe123 : 0xfffd;
    return judge(page).fault;
  };
  const bound = Math.floor(toyPage(LINES).layer.codes.length * 0.03);
  assert.equal(spoil(bound), null);
  assert.equal(spoil(bound + 1), 'unmapped');
  const page = toyPage(LINES);
  page.layer.flags.fill(CharFlag.unmapped, 0, 40);
  assert.equal(judge(page).fault, 'unmapped');
});

test('letters that no language puts together are nonsense', () => {
  const shifted = LINES.map((line) =>
    line.replace(/[a-z]/g, (c) => String.fromCharCode(((c.charCodeAt(0) - 94) % 26) + 97)),
  );
  assert.equal(judge(toyPage(LINES, { layerLines: shifted })).fault, 'nonsense');
});

test('characters beside the ink are off it', () => {
  assert.equal(judge(toyPage(LINES, { shiftPx: [0, 300] })).fault, 'off-ink');
});

test('a footer under text that is outlines is a partial layer', () => {
  assert.equal(
    judge(
      toyPage([...LINES, ...LINES, 'Page 3 of the report'], {
        layerLines: ['', '', '', '', '', '', 'Page 3 of the report'],
      }),
    ).fault,
    'partial',
  );
});

test('a hidden layer has to cover a scan, and does where it is whole', () => {
  const whole = toyPage(LINES, { invisible: true });
  assert.equal(judge(whole, [WHOLE_PAGE]).sound, true);
  const sparse = toyPage(LINES, { invisible: true, layerLines: LINES.slice(0, 2) });
  assert.equal(judge(sparse, [WHOLE_PAGE]).fault, 'partial');
  // The same share would do for text in sight.
  assert.equal(judge(toyPage(LINES, { layerLines: LINES.slice(0, 2) })).sound, true);
});

test('a picture beside the text is no missing text, a scan of the page is', () => {
  const picture = [40, 200, 560, 700] as const;
  const page = toyPage(LINES, { picture });
  assert.equal(judge(page, [picture]).sound, true);
  assert.equal(judge(page, []).fault, 'partial');
  assert.equal(judge(page, [WHOLE_PAGE]).fault, 'partial');
});
