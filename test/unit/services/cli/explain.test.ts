import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainText } from '../../../../services/cli/explain.ts';
import { textWidth } from '../../../../services/output/text-width.ts';
import { segment, transcript, unit } from '../../../support/toy-transcript.ts';

const change = (recognized: string, chosen: string, offset: number) => ({
  recognized,
  chosen,
  offset,
  recognizedLogProb: { recognizer: -12.31, llm: -45.2 },
  chosenLogProb: { recognizer: -12.95, llm: -38.77 },
});

test('each place shows both readings, both scores and their difference, in columns', () => {
  const segments = [segment(0, 2, '各位早上好'), segment(62.5, 64, '在座的各位')];
  const told = explainText('a.wav', transcript(segments, { units: [unit(segments, [change('在坐的', '在座的', 5)])] }));
  const lines = told.split('\n');
  assert.match(lines[0]!, /a\.wav: .* in one place/);
  assert.match(told, /at 1:02\.5/);
  const rows = lines.filter((line) => line.includes('recognizer '));
  assert.equal(rows.length, 3);
  assert.match(rows[0]!, /recognized\s+"在坐的"\s+recognizer\s+-12\.31\s+language model\s+-45\.20/);
  assert.match(rows[1]!, /chosen\s+"在座的"\s+recognizer\s+-12\.95\s+language model\s+-38\.77/);
  assert.match(rows[2]!, /difference\s+recognizer\s+-0\.64\s+language model\s+\+6\.43/);
  assert.equal(new Set(rows.map(textWidth)).size, 1);
});

test('nothing changed is said as well', () => {
  assert.match(explainText('a.wav', transcript([segment(0, 1, ' x')])), /changed nothing/);
});

test('long readings are cut in the middle', () => {
  const segments = [segment(0, 2, 'x')];
  const long = 'word '.repeat(50);
  const told = explainText('a', transcript(segments, { units: [unit(segments, [change(long, 'short', 0)])] }));
  assert.ok(told.split('\n').every((line) => textWidth(line) < 130));
  assert.match(told, / … /);
});
