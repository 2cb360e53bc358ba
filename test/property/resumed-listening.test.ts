import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LiveEvent, LiveInput } from '../../services/supervisor/live-contract.ts';
import { resumableListen } from '../../services/supervisor/resumable-listen.ts';
import { SuspectLane } from '../../services/supervisor/suspect-lane.ts';
import { type ToyFate, ToyLines } from '../support/toy-lines.ts';
import { toyListen, toySpeech } from '../support/toy-listen.ts';

async function hear(input: AsyncIterable<LiveInput>, fates: readonly ToyFate[]) {
  const lines = new ToyLines(fates);
  const listen = resumableListen({ lines, lane: new SuspectLane(), open: lines.listen(toyListen) });
  const events: LiveEvent[] = [];
  const stream = listen(input, undefined, { signal: new AbortController().signal });
  for (;;) {
    const next = await stream.next();
    if (next.done) return { events, summary: next.value, lines };
    events.push(next.value);
  }
}

/** What an utterance came to, whatever the order of events of different utterances. */
function utterances(events: readonly LiveEvent[]) {
  const kinds = events.filter(({ kind }) => kind !== 'partial');
  return kinds.map((event) => JSON.stringify(event)).sort();
}

const utterance = fc.string({ minLength: 1, maxLength: 30, unit: fc.constantFrom(...'abcdefghij ') });
/** Lost in order, so that any number of losses at the same place is allowed. */
const fate = fc.record({ events: fc.integer({ min: 0, max: 12 }), loss: fc.constant('replaced' as const) });

test('a stream whose process is lost at any points gives the finals of the undisturbed one, each once, committed text only growing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(utterance, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fate, { maxLength: 10 }),
      async (texts, chunkSamples, fates) => {
        const calm = await hear(toySpeech(texts, chunkSamples), []);
        const rough = await hear(toySpeech(texts, chunkSamples), fates);
        assert.deepEqual(utterances(rough.events), utterances(calm.events));
        assert.deepEqual(rough.summary, calm.summary);
        assert.equal(rough.lines.released, rough.lines.wishes.length);
        const committed = new Map<number, string>();
        const revisions = new Map<number, number>();
        for (const event of rough.events) {
          if (event.kind !== 'partial' && event.kind !== 'final') continue;
          const before = committed.get(event.utterance) ?? '';
          assert.ok(event.committed.startsWith(before), `${before} became ${event.committed}`);
          if (event.kind === 'final') {
            assert.ok(event.text.startsWith(before));
            continue;
          }
          committed.set(event.utterance, event.committed);
          assert.equal(event.revision, revisions.get(event.utterance) ?? 0);
          revisions.set(event.utterance, event.revision + 1);
        }
        // Partials are those of the undisturbed stream, none twice.
        const partials = (events: readonly LiveEvent[]) => events.filter(({ kind }) => kind === 'partial');
        const known = new Set(partials(calm.events).map((event) => JSON.stringify(event)));
        assert.equal(new Set(partials(rough.events).map((event) => JSON.stringify(event))).size, known.size);
        for (const event of partials(rough.events)) assert.ok(known.has(JSON.stringify(event)));
      },
    ),
    { seed: 7, numRuns: 600 },
  );
});
