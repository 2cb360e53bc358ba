import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../../fixtures/audio/synthetic.ts';
import {
  type SpeechEvent,
  type SpeechOptions,
  SpeechSegmenter,
  type SpeechSpan,
} from '../../../../models/vad/speech-segments.ts';

const W = 512;
/** Pauses of 5 windows end a segment, one window of padding, two windows of speech at least. */
const OPTIONS: Partial<SpeechOptions> = { minSilenceMs: 160, minSpeechMs: 64, speechPadMs: 32 };

/** `.` silence, `-` between the thresholds, `#` speech: one character a window. */
function run(picture: string, options: Partial<SpeechOptions> = OPTIONS, totalSamples = picture.length * W) {
  const segmenter = new SpeechSegmenter(options);
  const events: SpeechEvent[] = [];
  for (const mark of picture) events.push(...segmenter.push(mark === '#' ? 0.9 : mark === '-' ? 0.4 : 0.1));
  events.push(...segmenter.end(totalSamples));
  return events;
}

/** Segments in windows. */
function spans(picture: string, options?: Partial<SpeechOptions>): [number, number][] {
  return run(picture, options).flatMap((event) => (event.kind === 'end' ? [[event.start / W, event.end / W]] : []));
}

test('speech becomes a segment with its padding', () => {
  assert.deepEqual(spans('....####......'), [[3, 9]]);
});

test('a short pause stays inside, a long one parts', () => {
  assert.deepEqual(spans('..####....####........'), [[1, 15]]);
  assert.deepEqual(spans('..####.....####.......'), [
    [1, 7],
    [10, 16],
  ]);
});

test('between the thresholds speech goes on but does not begin', () => {
  assert.deepEqual(spans('..----..........'), []);
  assert.deepEqual(spans('..##------##.......'), [[1, 13]]);
  assert.deepEqual(spans('..####..---.....'), [[1, 7]]);
});

test('a click is no segment and announces nothing', () => {
  assert.deepEqual(run('....#.........'), []);
});

test('a start is told as soon as speech is certain, an end as soon as the pause is', () => {
  const segmenter = new SpeechSegmenter(OPTIONS);
  const at = new Map<string, number>();
  [...'....####.......'].forEach((mark, i) => {
    for (const event of segmenter.push(mark === '#' ? 0.9 : 0.1)) at.set(event.kind, i);
  });
  assert.deepEqual(
    [...at],
    [
      ['start', 5],
      ['end', 12],
    ],
  );
});

test('padding never reaches over the last segment, the start, or the end', () => {
  const wide = { ...OPTIONS, speechPadMs: 3200 };
  assert.deepEqual(spans('####.....####', wide), [
    [0, 6.5],
    [6.5, 13],
  ]);
  const [, end] = run('....####', OPTIONS, 7.5 * W);
  assert.deepEqual(end, { kind: 'end', start: 3 * W, end: 7.5 * W });
});

test('an overlong segment is cut at its latest pause', () => {
  const options = { ...OPTIONS, maxSpeechSeconds: (12 * W) / 16_000 };
  assert.deepEqual(spans('.####...########.......', options), [
    [0, 6],
    [7, 17],
  ]);
});

test('an overlong segment without a pause is cut where it is, and goes on', () => {
  const options = { ...OPTIONS, maxSpeechSeconds: (6 * W) / 16_000 };
  assert.deepEqual(spans('..##############......', options), [
    [1, 8],
    [8, 14],
    [14, 17],
  ]);
});

test('segments are in order, apart, inside the recording, and follow their start event', () => {
  const random = seededRandom(11);
  for (let round = 0; round < 300; round++) {
    const picture = Array.from({ length: 120 }, () => '..-##'[Math.floor(random() * 5)]!).join('');
    const options = {
      minSilenceMs: random() * 400,
      minSpeechMs: random() * 200,
      speechPadMs: random() * 300,
      maxSpeechSeconds: random() < 0.5 ? Number.POSITIVE_INFINITY : 0.2 + random(),
    };
    let last: SpeechSpan = { start: 0, end: 0 };
    let begun: number | null = null;
    for (const event of run(picture, options)) {
      if (event.kind === 'start') {
        assert.equal(begun, null);
        begun = event.start;
        continue;
      }
      assert.equal(event.start, begun, picture);
      assert.ok(event.start >= last.end && event.end > event.start && event.end <= 120 * W, picture);
      last = event;
      begun = null;
    }
    assert.equal(begun, null, 'every start has its end');
  }
});

test('an exit threshold above the entry is refused', () => {
  assert.throws(() => new SpeechSegmenter({ entryThreshold: 0.3, exitThreshold: 0.5 }), RangeError);
});
