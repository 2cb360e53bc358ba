import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InterruptedError } from '../../services/combiner/combiner-client.ts';
import { startLocalWorkers } from '../../services/combiner/local-workers.ts';
import { dialCombiner } from '../../services/recognizer/dial-combiner.ts';
import type { Channel } from '../../services/transport/channel.ts';
import { listenWebSocket } from '../../services/transport/web-socket-listener.ts';
import { TOY_OPTIONS, toyAudio } from '../support/toy-recognizer.ts';
import type { ToyConfig } from '../support/toy-recognizer-module.ts';

const TEXT = 'call me ishmael. some years ago, never mind how long precisely';
const MODULE = new URL('../support/toy-recognizer-module.js', import.meta.url).href;

function toy(config: ToyConfig = {}) {
  return { url: MODULE, config };
}

test('recognizer and combiner run in threads of their own, several streams at once', async () => {
  const workers = startLocalWorkers({ recognizer: toy(), search: toy() });
  try {
    await workers.ready;
    const texts = [TEXT, TEXT.toUpperCase(), 'short'];
    const all = await Promise.all(texts.map((text) => workers.client.transcribe(toyAudio(text), TOY_OPTIONS)));
    assert.deepEqual(
      all.map(({ text }) => text),
      texts,
    );
  } finally {
    await workers.close();
  }
});

test('a full recognizer thread says so to who asks; one that is gone has nothing to say', async () => {
  const workers = startLocalWorkers({ recognizer: toy({ liveStreamsMax: 0 }), search: toy() });
  try {
    const refusal = await workers.liveRefusal();
    assert.deepEqual([refusal?.code, refusal?.message], ['overloaded', '0 live streams run here.']);
  } finally {
    await workers.close();
  }
  assert.equal(await workers.liveRefusal(), null);
});

test('a crash of the recognizer thread ends its streams with peer_lost and what was done', async () => {
  const workers = startLocalWorkers({ recognizer: toy({ crashAtUnit: 2 }), search: toy() });
  try {
    await assert.rejects(workers.client.transcribe(toyAudio(TEXT), TOY_OPTIONS), (error: unknown) => {
      assert.ok(error instanceof InterruptedError);
      assert.equal(error.code, 'peer_lost');
      assert.equal(error.partial.text, TEXT.slice(0, 16).trim());
      return true;
    });
  } finally {
    await workers.close();
  }
});

test('a crash of the combiner thread ends its streams with peer_lost', async () => {
  const workers = startLocalWorkers({ recognizer: toy(), search: toy({ crashAtUnit: 1 }) });
  try {
    await assert.rejects(workers.client.transcribe(toyAudio(TEXT), TOY_OPTIONS), { code: 'peer_lost' });
  } finally {
    await workers.close();
  }
});

test('a model that does not load is reported with its own code', async () => {
  const workers = startLocalWorkers({ recognizer: toy({ failsToLoad: true }), search: toy() });
  try {
    await assert.rejects(workers.ready, { code: 'model_corrupt' });
    await assert.rejects(workers.client.transcribe(toyAudio(TEXT), TOY_OPTIONS), { code: 'model_corrupt' });
  } finally {
    await workers.close();
  }
});

test('a recognizer that dials in over a WebSocket gives the same transcript as one in a thread', async () => {
  const local = startLocalWorkers({ recognizer: toy(), search: toy() });
  const remote = startLocalWorkers({ recognizer: null, search: toy() });
  const listener = await listenWebSocket(
    { host: '127.0.0.1', port: 0 },
    { key: 'a shared key', onChannel: (channel: Channel) => remote.addRecognizer(channel) },
  );
  const states: string[] = [];
  try {
    const waiting = remote.client.transcribe(toyAudio(TEXT), TOY_OPTIONS);
    const served = dialCombiner({
      url: listener.url,
      key: 'a shared key',
      recognizer: toy(),
      waitMs: 5000,
      redial: false,
      signal: new AbortController().signal,
      onState: (text) => states.push(text),
    });
    const [near, far] = await Promise.all([local.client.transcribe(toyAudio(TEXT), TOY_OPTIONS), waiting]);
    const untimed = ({ timings: _, ...rest }: typeof near) => rest;
    assert.deepEqual(untimed(far), untimed(near));
    await listener.close();
    await served;
    assert.equal(states[1], `Connected to ${listener.url}.`);
  } finally {
    await Promise.all([local.close(), remote.close(), listener.close()]);
  }
});

test('a recognizer that dials in vain says so, and Ctrl-C ends its tries', async () => {
  const dial = (waitMs: number, signal: AbortSignal) =>
    dialCombiner({
      // The discard port: nobody listens there.
      url: 'ws://127.0.0.1:9/',
      recognizer: toy(),
      waitMs,
      redial: false,
      signal,
      onState: () => undefined,
    });
  await assert.rejects(dial(0, new AbortController().signal), { code: 'peer_lost' });
  const stop = new AbortController();
  const endless = dial(60_000, stop.signal);
  stop.abort(new RangeError('stop'));
  await assert.rejects(endless, RangeError);
});
