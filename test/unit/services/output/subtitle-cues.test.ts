import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cuesOf } from '../../../../services/output/subtitle-cues.ts';
import { textWidth } from '../../../../services/output/text-width.ts';
import { segment, spreadWords } from '../../../support/toy-transcript.ts';

test('a short segment is one cue of one line', () => {
  assert.deepEqual(cuesOf([segment(0.5, 1.75, ' Hello there.')]), [
    { startMs: 500, endMs: 1750, lines: ['Hello there.'] },
  ]);
});

test('a long segment with words is cut at words, each cue at its words’ times', () => {
  const spelled = Array.from({ length: 40 }, (_, i) => ` word${i}`);
  const cues = cuesOf([segment(0, 40, spelled.join(''), { words: spreadWords(0, 40, spelled) })]);
  assert.ok(cues.length > 1);
  let at = 0;
  for (const { startMs, endMs, lines } of cues) {
    const words = lines.join(' ').split(' ');
    assert.equal(startMs, at * 1000);
    assert.equal(endMs, (at + words.length) * 1000);
    assert.ok(lines.length <= 2 && lines.every((line) => textWidth(line) <= 42));
    at += words.length;
  }
  assert.equal(at, 40);
});

test('a cut prefers the end of a clause', () => {
  const spelled =
    ' one two three four five six seven eight nine ten, then eleven twelve thirteen fourteen fifteen sixteen'.split(
      /(?= )/,
    );
  const [first] = cuesOf([segment(0, 17, spelled.join(''), { words: spreadWords(0, 17, spelled) })]);
  assert.match(first!.lines.join(' '), /ten,$/);
});

test('a long segment without words keeps its times and takes more lines', () => {
  const text = ' word'.repeat(40);
  const cues = cuesOf([segment(0, 20, text)]);
  assert.equal(cues.length, 1);
  assert.ok(cues[0]!.lines.length > 2);
  assert.equal(cues[0]!.endMs, 20_000);
});

test('words that do not spell the text are not trusted', () => {
  const text = ' word'.repeat(40);
  const cues = cuesOf([segment(0, 20, text, { words: spreadWords(0, 20, [' other', ' words']) })]);
  assert.equal(cues.length, 1);
});

test('Chinese counts double and is cut between characters', () => {
  const characters = [
    ...'今天天气很好我们一起去公园散步然后回家吃饭看书写字听音乐睡觉做梦起床洗脸刷牙上班开会下班回家',
  ];
  const cues = cuesOf([segment(0, 10, characters.join(''), { words: spreadWords(0, 10, characters) })]);
  assert.ok(cues.length >= 2);
  for (const { lines } of cues) for (const line of lines) assert.ok(textWidth(line) <= 42, line);
  assert.equal(cues.flatMap(({ lines }) => lines).join(''), characters.join(''));
});

test('segments without text give no cue', () => {
  assert.deepEqual(cuesOf([segment(0, 1, '  ')]), []);
});

test('cues never overlap and always last, whatever the segments say', () => {
  const times = fc.record({
    start: fc.double({ min: 0, max: 50, noNaN: true }),
    length: fc.double({ min: -1, max: 9, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(times, { maxLength: 12 }), (all) => {
      const cues = cuesOf(all.map(({ start, length }) => segment(start, start + length, ' x')));
      assert.equal(cues.length, all.length);
      cues.forEach((cue, i) => {
        assert.ok(cue.endMs > cue.startMs);
        if (i > 0) assert.ok(cue.startMs >= cues[i - 1]!.endMs);
      });
    }),
    { seed: 7, numRuns: 200 },
  );
});
