import assert from 'node:assert/strict';
import test from 'node:test';
import { convertPieces, scriptConverter } from '../../../../models/whisper/script.ts';

test('Simplified and Traditional are converted by phrase', async () => {
  const hant = await scriptConverter('hant');
  const hans = await scriptConverter('hans');
  assert.equal(hant('头发发现后来皇后'), '頭髮發現後來皇后');
  assert.equal(hans('頭髮發現後來皇后裡'), '头发发现后来皇后里');
  assert.equal((await scriptConverter('keep'))('頭发'), '頭发');
});

test('text of the wanted script and other languages stay as they are', async () => {
  const hans = await scriptConverter('hans');
  assert.equal(hans('设定二十九度, Loft!'), '设定二十九度, Loft!');
});

test('pieces are converted as one text and cut where they were', async () => {
  const hant = await scriptConverter('hant');
  assert.deepEqual(convertPieces(['头', '发', '发', '现'], hant), ['頭', '髮', '發', '現']);
});

test('where a conversion changes the length, the pieces still hold all of it', () => {
  const longer = (text: string) => text.replaceAll('x', 'yy');
  assert.deepEqual(convertPieces(['ax', 'b'], longer), ['ayy', 'b']);
});
