import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveEvent, LivePartial } from '../../../../models/core/live.ts';
import { LiveEvents } from '../../../../models/whisper/live-events.ts';

const partial = (utterance: number, revision: number): LivePartial => ({
  kind: 'partial',
  utterance,
  stage: 'recognized',
  revision,
  committed: '',
  pending: '',
  heardS: 0,
});

async function read(events: LiveEvents): Promise<LiveEvent[]> {
  const out: LiveEvent[] = [];
  for await (const event of events) out.push(event);
  return out;
}

test('a slow reader misses partials and lags that newer ones have overtaken, and nothing else', async () => {
  const events = new LiveEvents();
  const start: LiveEvent = { kind: 'speech-start', utterance: 1, startS: 1 };
  for (const event of [partial(0, 0), partial(0, 1), start, partial(1, 0), partial(0, 2)]) events.push(event);
  events.push({ kind: 'lag', lagMs: 1 });
  events.push({ kind: 'shed', what: 'partials', lagMs: 2 });
  events.push({ kind: 'lag', lagMs: 3 });
  events.finish();
  assert.deepEqual(await read(events), [
    start,
    partial(1, 0),
    partial(0, 2),
    { kind: 'shed', what: 'partials', lagMs: 2 },
    { kind: 'lag', lagMs: 3 },
  ]);
});

test('a failure comes at once, before what waits', async () => {
  const events = new LiveEvents();
  events.push(partial(0, 0));
  events.fail(new Error('gone'));
  await assert.rejects(read(events), /gone/);
});
