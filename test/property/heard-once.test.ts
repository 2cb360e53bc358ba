import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../models/core/app-error.ts';
import { COMMIT_POLICIES, type LiveEvent, type LiveFinal } from '../../models/core/live.ts';
import { resumableListen } from '../../services/supervisor/resumable-listen.ts';
import { SuspectLane } from '../../services/supervisor/suspect-lane.ts';
import { ToyLines } from '../support/toy-lines.ts';
import { TOY_RATE_HZ } from '../support/toy-live.ts';
import { plainly, SlowMachine, spokenTo, type ToneSpeech, toneListener, toneSpeech } from '../support/toy-tones.ts';

const few = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 5 });
const turns = few(fc.constantFrom(0, 1, 3, 10, 40));
const load = fc.record({
  utterances: fc.array(fc.array(fc.nat(1), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 }),
  slowness: fc.record({ turns, ms: few(fc.constantFrom(0, 50, 400, 1600, 2500)) }),
  pace: fc.record({ chunks: few(fc.constantFrom(100, 512, 1600, 8000, 40_000)), turns }),
  options: fc.record({
    policy: fc.constantFrom(...COMMIT_POLICIES),
    holdMs: fc.constantFrom(undefined, 0, 300),
    partialIntervalMs: fc.constantFrom(0, 100, 500),
  }),
});

/** No two utterances share a sample, and the text of a final is what was said between the borders of its utterance. */
function checkHeardOnce(events: readonly LiveEvent[], { words }: ToneSpeech): void {
  const starts = events.flatMap((event) => (event.kind === 'speech-start' ? [event] : []));
  let reachedS = 0;
  for (const { utterance, startS } of starts) {
    const ends = events.flatMap((event) =>
      event.kind === 'speech-end' && event.utterance === utterance ? [event] : [],
    );
    assert.equal(ends.length, 1);
    const { endS } = ends[0]!;
    assert.ok(startS >= reachedS && endS > startS, `utterance ${utterance}, ${startS} to ${endS}, after ${reachedS}`);
    reachedS = endS;
    const own = words.filter(
      ({ from, to }) => from + to > 2 * TOY_RATE_HZ * startS && from + to < 2 * TOY_RATE_HZ * endS,
    );
    const said = own.map(({ text }) => text).join(' ');
    const finals = events.filter(
      (event): event is LiveFinal => event.kind === 'final' && event.utterance === utterance,
    );
    assert.deepEqual(
      finals.map(({ stage, text }) => [stage, plainly(text)]),
      [
        ['recognized', said],
        ['fused', said],
      ],
    );
  }
  const fused = events.flatMap((event) =>
    event.kind === 'final' && event.stage === 'fused' ? [plainly(event.text)] : [],
  );
  assert.equal(fused.join(' '), words.map(({ text }) => text).join(' '));
}

async function collect(stream: AsyncGenerator<LiveEvent, unknown>): Promise<LiveEvent[]> {
  const events: LiveEvent[] = [];
  try {
    for await (const event of stream) events.push(event);
  } catch (error) {
    // What the service promises where the machine is far too slow: an end, and no text that is wrong.
    fc.pre(!(error instanceof AppError && error.code === 'overloaded'));
    throw error;
  }
  return events;
}

test('on a machine that is slow at any moment each word is in exactly one final', async () => {
  await fc.assert(
    fc.asyncProperty(load, async ({ utterances, slowness, pace, options }) => {
      const machine = new SlowMachine(slowness);
      const speech = toneSpeech(utterances);
      const stream = toneListener(machine)(spokenTo(machine, speech.samples, pace), options, {});
      checkHeardOnce(await collect(stream), speech);
    }),
    { seed: 20261127, numRuns: 80 },
  );
});

const fate = fc.record({
  events: fc.integer({ min: 0, max: 12 }),
  loss: fc.constant('replaced' as const),
  degraded: fc.boolean(),
});

test('nor is a word lost or heard twice where the stream moves from process to process meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(load, fc.array(fate, { minLength: 1, maxLength: 8 }), async (given, fates) => {
      const { utterances, slowness, pace, options } = given;
      const machine = new SlowMachine(slowness);
      const speech = toneSpeech(utterances);
      const lines = new ToyLines(fates);
      const open = lines.listen(toneListener(machine));
      const listen = resumableListen({ lines, lane: new SuspectLane(), open, clock: machine });
      const stream = listen(spokenTo(machine, speech.samples, pace), options, {});
      checkHeardOnce(await collect(stream), speech);
    }),
    { seed: 20261128, numRuns: 80 },
  );
});

test('nor where each process spells the words otherwise', async () => {
  const accents = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(load, fc.array(fate, { minLength: 1, maxLength: 8 }), accents, async (given, fates, spoken) => {
      const { utterances, slowness, pace, options } = given;
      const machine = new SlowMachine(slowness);
      const speech = toneSpeech(utterances);
      const lines = new ToyLines(fates);
      const open = lines.listen(toneListener(machine, spoken));
      const listen = resumableListen({ lines, lane: new SuspectLane(), open, clock: machine });
      const stream = listen(spokenTo(machine, speech.samples, pace), options, {});
      checkHeardOnce(await collect(stream), speech);
    }),
    { seed: 20261129, numRuns: 150 },
  );
});
