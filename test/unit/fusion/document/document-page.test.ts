import assert from 'node:assert/strict';
import { test } from 'node:test';
import { charSpans, documentLine, type LinePlace } from '../../../../fusion/document/document-line.ts';
import { documentPage, type PageResult } from '../../../../fusion/document/document-page.ts';
import type { LineReading, Quad } from '../../../../models/core/page.ts';

const LINE: LinePlace = {
  index: 0,
  quad: [100, 10, 200, 10, 200, 30, 100, 30],
  direction: 'horizontal',
  detectionScore: 0.9,
  frameShare: 0.1,
};

/** Each character fires in one frame, two frames apart, at probability 1/2. */
function readingOf(text: string, changes: LineReading['changes'] = []): LineReading {
  return {
    text,
    chars: [...text].map((char, i) => ({ text: char, logProb: Math.log(0.5), startFrame: 2 * i, endFrame: 2 * i + 1 })),
    ctcLogProb: -1,
    score: -1,
    nBest: [{ text, ctcLogProb: -1 }],
    changes,
  };
}

const rounded = (quad: Quad) => quad.map((value) => Math.round(value * 10) / 10);

test('a character reaches half way to its neighbors, at the ends as far as on its inner side', () => {
  assert.deepEqual(
    charSpans(readingOf('abc').chars, 0.1).map((span) => span.map((share) => Math.round(share * 100) / 100)),
    [
      [0, 0.15],
      [0.15, 0.35],
      [0.35, 0.55],
    ],
  );
  assert.deepEqual(charSpans(readingOf('a').chars, 0.1), [[0, 1]]);
});

test('words carry the boxes of their characters and join to the text', () => {
  const line = documentLine(LINE, readingOf('ab cd'));
  assert.equal(line.text, 'ab cd');
  assert.deepEqual(
    line.words.map(({ text, quad, spaceAfter }) => [text, rounded(quad), spaceAfter]),
    [
      ['ab', [100, 10, 135, 10, 135, 30, 100, 30], true],
      ['cd', [155, 10, 195, 10, 195, 30, 155, 30], false],
    ],
  );
  assert.deepEqual(rounded(line.words[1]!.chars[0]!.quad), [155, 10, 175, 10, 175, 30, 155, 30]);
  assert.ok(Math.abs(line.confidence - 0.5) < 1e-12);
});

test('the boxes of a turned line follow it: the text begins at the right and stands on its head', () => {
  const upsideDown: LinePlace = { ...LINE, quad: [200, 30, 100, 30, 100, 10, 200, 10] };
  assert.deepEqual(
    rounded(documentLine(upsideDown, readingOf('ab')).words[0]!.chars[0]!.quad),
    [200, 30, 185, 30, 185, 10, 200, 10],
  );
});

test('characters of a vertical line stand below each other', () => {
  const vertical: LinePlace = { ...LINE, direction: 'vertical', quad: [30, 100, 30, 200, 10, 200, 10, 100] };
  const second = documentLine(vertical, readingOf('甲乙')).words[0]!.chars[1]!;
  assert.deepEqual(rounded(second.quad), [30, 115, 30, 135, 10, 135, 10, 115]);
});

test('spaces at the ends and in rows are dropped, and a change keeps its place in the text', () => {
  const logProb = { recognizer: -1, llm: -2 };
  const change = { recognized: 'i', chosen: 'ı', offset: 5, recognizedLogProb: logProb, chosenLogProb: logProb };
  const line = documentLine(LINE, readingOf('  a  ı ', [change]));
  assert.equal(line.text, 'a ı');
  assert.equal(line.text[line.changes[0]!.offset], 'ı');
  assert.equal(line.changes[0]!.by, 'fusion');
});

const RESULT: PageResult = {
  page: {
    index: 4,
    widthPx: 400,
    heightPx: 200,
    turnedDegrees: 180,
    skewDegrees: 0,
    warnings: [{ code: 'a', message: 'from the recognizer' }],
    timings: { detectMs: 1, orientMs: 2, recognizeMs: 3 },
  },
  lines: [
    { line: { ...LINE, quad: [100, 110, 200, 110, 200, 130, 100, 130] }, reading: readingOf('below') },
    { line: LINE, reading: readingOf(' ') },
    { line: LINE, reading: readingOf('above') },
  ],
  language: 'en',
  stats: { steps: 9, llmRows: 1, llmRowsEager: 2, llmRowsFloor: 1, llmCalls: 1, llmMs: 5 },
  warnings: [{ code: 'b', message: 'from the search' }],
  searchMs: 7,
};

test('a page has its lines in reading order, its warnings and its times; lines without text are left out', () => {
  const page = documentPage(RESULT, { number: 5, dpi: 200, decodeMs: 11 });
  assert.deepEqual(
    page.blocks.map(({ lines }) => lines.map(({ text }) => text)),
    [['above'], ['below']],
  );
  assert.deepEqual([page.number, page.dpi, page.turnedDegrees, page.language], [5, 200, 180, 'en']);
  assert.deepEqual(
    page.warnings.map(({ code }) => code),
    ['a', 'b'],
  );
  assert.deepEqual(page.timings, { decodeMs: 11, detectMs: 1, orientMs: 2, recognizeMs: 3, searchMs: 7, llmMs: 5 });
});

test('a field takes the lines that the search read for it, and says where nothing fits', () => {
  const [below, , above] = RESULT.lines;
  const lines = [
    { ...below!, reading: { ...below!.reading, field: { name: 'total', matched: true } } },
    { ...above!, reading: { ...readingOf(''), field: { name: 'date', matched: false } } },
  ];
  const page = documentPage({ ...RESULT, lines }, { number: 1, decodeMs: 0 });
  assert.deepEqual(
    page.fields.map(({ name, text, matched }) => [name, text, matched]),
    [
      ['total', 'below', true],
      ['date', '', false],
    ],
  );
});
