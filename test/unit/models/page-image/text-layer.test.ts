import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CharFlag, textLayerFrom, withBullets } from '../../../../models/page-image/text-layer.ts';
import type { TextLayerVerdict } from '../../../../models/page-image/text-layer-verdict.ts';
import { layerOf } from '../../../support/toy-page.ts';

const VERDICT = { sound: true } as TextLayerVerdict;

test('characters join to words and lines with boxes around them', () => {
  const { lines } = textLayerFrom(layerOf(['Hello there', 'you']), VERDICT);
  assert.deepEqual(
    lines.map(({ text }) => text),
    ['Hello there', 'you'],
  );
  const [hello, there] = lines[0]!.words;
  assert.deepEqual([hello!.text, hello!.spaceAfter, there!.text, there!.spaceAfter], ['Hello', true, 'there', false]);
  assert.deepEqual(hello!.quad, [40, 40, 80, 40, 80, 52, 40, 52]);
  assert.deepEqual(lines[0]!.quad, [40, 40, 128, 40, 128, 52, 40, 52]);
  assert.deepEqual(hello!.chars[1], { text: 'e', quad: [48, 40, 56, 40, 56, 52, 48, 52] });
});

test('a raised sign does not end its line, a column does', () => {
  const layer = layerOf(['km2 x    far']);
  // The 2 is raised by a third and smaller; the file calls it a line of its own.
  layer.quads.set([56, 38, 64, 38, 64, 47, 56, 47], 2 * 8);
  layer.flags[1] = CharFlag.lineEnd;
  layer.flags[2] = CharFlag.lineEnd;
  layer.flags[3] = CharFlag.lineEnd;
  const { lines } = textLayerFrom(layer, VERDICT);
  assert.deepEqual(
    lines.map(({ text }) => text),
    ['km2 x', 'far'],
  );
});

test('a line that runs upwards has its quad begin at its own top left', () => {
  // Two characters of text turned counterclockwise: the first one stands below the second one.
  const codes = Uint32Array.from([0x61, 0x62]);
  const quads = Float32Array.from([10, 50, 10, 40, 22, 40, 22, 50, 10, 40, 10, 30, 22, 30, 22, 40]);
  const { lines } = textLayerFrom({ codes, quads, flags: Uint8Array.from([0, CharFlag.lineEnd]) }, VERDICT);
  assert.deepEqual(lines[0]!.quad, [10, 50, 10, 30, 22, 30, 22, 50]);
});

test('a lone sign of a symbol font becomes a bullet, one inside a word stays', () => {
  const layer = layerOf(['\uf0b7 item', 'a\uf0b7b']);
  const texts = textLayerFrom(withBullets(layer), VERDICT).lines.map(({ text }) => text);
  assert.deepEqual(texts, ['• item', 'a\uf0b7b']);
});

test('characters beyond the basic plane are one character', () => {
  const { lines } = textLayerFrom(layerOf(['a𠮷b']), VERDICT);
  assert.deepEqual(
    lines[0]!.words[0]!.chars.map(({ text }) => text),
    ['a', '𠮷', 'b'],
  );
});
