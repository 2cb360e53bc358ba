import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CombinerClient, InterruptedError } from '../../services/combiner/combiner-client.ts';
import { CombinerService } from '../../services/combiner/combiner-service.ts';
import { RecognizerService } from '../../services/recognizer/recognizer-service.ts';
import { duplexPair } from '../support/duplex-pair.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { TOY_OPTIONS, TOY_UNIT_SAMPLES, ToyRecognizer, toyAudio, toySearch } from '../support/toy-recognizer.ts';

/** What happens to a stream, and at which of its units. */
const EVENTS = ['nothing', 'cancel', 'deadline', 'recognizer lost', 'combiner closed'] as const;
const CODES = {
  cancel: 'canceled',
  deadline: 'deadline_exceeded',
  'recognizer lost': 'peer_lost',
  'combiner closed': 'peer_lost',
} as const;

const stream = fc.record({
  text: fc.stringMatching(/^[a-z]{1,60}$/),
  chunkSamples: fc.integer({ min: 1, max: 20 }),
  event: fc.constantFrom('nothing', 'nothing', ...EVENTS),
  unit: fc.nat(8),
  step: fc.nat(8),
});

type Stream = typeof stream extends fc.Arbitrary<infer T> ? T : never;

/** Each stream runs on its own deadline, so that one of them can pass alone. */
async function simulate(streams: readonly Stream[], concurrent: boolean): Promise<void> {
  const clock = new ManualClock();
  const stops = streams.map(() => new AbortController());
  const [applicationEnd, combinerEnd] = duplexPair();
  const [recognizerEnd, poolEnd] = duplexPair();
  const combiner = new CombinerService({ searchFor: () => toySearch(2), clock });
  const recognizer = new ToyRecognizer({
    concurrent,
    beforeStep: (unit, step) => {
      // The language tells the streams apart.
      const number = Number(unit.language);
      const { event, unit: atUnit, step: atStep } = streams[number]!;
      if (unit.index !== atUnit || step !== atStep) return;
      if (event === 'cancel') stops[number]!.abort();
      if (event === 'deadline') clock.advance(1000);
      if (event === 'recognizer lost') recognizerEnd.close();
      if (event === 'combiner closed') combiner.close();
    },
  });
  const recognizerDone = new RecognizerService(recognizer, { clock }).serve(recognizerEnd);
  void combiner.addRecognizer(poolEnd).catch(() => undefined);
  const applicationDone = combiner.serveApplication(combinerEnd);
  const client = new CombinerClient(applicationEnd, { clock });

  const outcomes = await Promise.allSettled(
    streams.map(({ text, chunkSamples, event }, number) =>
      client.transcribe(
        toyAudio(text, chunkSamples),
        { ...TOY_OPTIONS, language: String(number) },
        { signal: stops[number]!.signal, ...(event === 'deadline' ? { deadlineMs: 1000 } : {}) },
      ),
    ),
  );
  // Every stream ended once, in a way that something in the run explains.
  const fatal = streams.some(({ event }) => event === 'recognizer lost' || event === 'combiner closed');
  outcomes.forEach((outcome, number) => {
    const { text, event } = streams[number]!;
    if (outcome.status === 'fulfilled') {
      assert.equal(outcome.value.text, text);
      assert.equal(outcome.value.units.length, Math.ceil(text.length / TOY_UNIT_SAMPLES));
    } else {
      const error: unknown = outcome.reason;
      assert.ok(error instanceof InterruptedError, String(error));
      const expected: string[] = fatal ? ['peer_lost'] : [];
      if (event !== 'nothing') expected.push(CODES[event]);
      assert.ok(expected.includes(error.code), `${error.code} after ${event}: ${error.message}`);
      assert.ok(text.startsWith(error.partial.text), `${error.partial.text} is no part of ${text}`);
    }
  });
  client.close();
  await applicationDone;
  combiner.close();
  await recognizerDone;
  assert.equal(recognizer.liveStreams, 0);
  assert.equal(clock.pending, 0);
}

for (const concurrent of [false, true]) {
  const units = concurrent ? 'at once' : 'one after the other';
  test(`whatever happens, streams end once, with their own text, and free all they hold: units ${units}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stream, { minLength: 1, maxLength: 5 }), (streams) => simulate(streams, concurrent)),
      { seed: 20261123, numRuns: 60 },
    );
  });
}
