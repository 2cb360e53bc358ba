import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { splitWindow } from '../../models/whisper/window-split.ts';
import { splitWords } from '../../models/whisper/word-split.ts';
import { type TimedText, timedWords } from '../../models/whisper/word-timing.ts';
import { stamp, toyTokens } from '../support/toy-whisper.ts';

const PARAMETERS = { seed: 20261123, numRuns: 300 };
/** Text tokens, broken characters among them. */
const textTokens = fc.array(fc.nat(11), { maxLength: 14 });
const language = fc.constantFrom('en', 'zh');

test('words joined are the decoded text, whatever bytes the tokens spell', () => {
  fc.assert(
    fc.property(textTokens, language, (ids, code) => {
      const words = splitWords(ids, toyTokens, code);
      assert.equal(words.map(({ text }) => text).join(''), toyTokens.decode(ids));
      if (words.length > 0)
        assert.deepEqual(
          words.flatMap(({ tokens }) => [...tokens]),
          ids,
        );
    }),
    PARAMETERS,
  );
});

test('words never go back, lie inside their segment, and segments follow each other', () => {
  const segments = fc.array(textTokens, { minLength: 1, maxLength: 5 });
  const steps = fc.array(fc.nat(60), { minLength: 100, maxLength: 100 });
  fc.assert(
    fc.property(segments, steps, language, fc.nat(4000), (texts, waits, code, windowStart) => {
      // Token times as warping gives them: non-decreasing multiples of 20 ms.
      const count = texts.reduce((sum, { length }) => sum + length, 0);
      let frame = 0;
      const times = Float64Array.from({ length: count + 1 }, (_, i) => {
        frame += waits[i % 100]!;
        return frame * 0.02;
      });
      const timed = texts.map((tokens, i): TimedText => {
        const [start, end] = [windowStart + i * 2, windowStart + i * 2 + 1.5];
        return { start, end, tokens, logProbs: tokens.map(() => -0.1) };
      });
      const placed = timedWords(timed, times, windowStart, toyTokens, code);
      let clock = windowStart;
      placed.forEach(({ start, end, words }, i) => {
        assert.ok(start >= clock - 1e-9 && end >= start, `segment ${i}: ${start}..${end} after ${clock}`);
        let last = start;
        for (const word of words) {
          assert.ok(word.start >= last && word.end >= word.start && word.end <= end);
          last = word.end;
        }
        assert.equal(words.map(({ word }) => word).join(''), toyTokens.decode(texts[i]!));
        clock = Math.max(clock, words.length > 0 ? end : clock);
      });
    }),
    PARAMETERS,
  );
});

test('any hypothesis is cut into stretches inside the window, and the window moves on', () => {
  const ids = fc.array(
    fc.oneof(
      fc.nat(11),
      fc.nat(1500).map((step) => stamp(step * 0.02)),
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(ids, fc.integer({ min: 1, max: 1500 }), (tokens, frames) => {
      const duration = frames * 0.02;
      const { pieces, advanceSeconds } = splitWindow(tokens, toyTokens, duration);
      assert.ok(advanceSeconds > 0 && advanceSeconds <= duration);
      for (const { start, end, tokens: part, offset } of pieces) {
        assert.ok(start >= 0 && start <= duration && end >= 0 && end <= duration);
        assert.deepEqual(part, tokens.slice(offset, offset + part.length));
      }
    }),
    PARAMETERS,
  );
});
