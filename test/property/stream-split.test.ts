import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AdmissionWatch } from '../../services/ws/admission-watch.ts';
import { RealtimeSession } from '../../services/ws/realtime-session.ts';
import { SessionRoom } from '../../services/ws/session-room.ts';
import { enterStream } from '../../services/ws/stream-entry.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ToySocket, turns } from '../support/socket-pair.ts';
import { toyAdmission } from '../support/toy-gate.ts';
import { pcm16, ToyListener } from '../support/toy-listener.ts';
import { toyRecords } from '../support/toy-record.ts';

/** However audio is cut into messages, the same text comes of it, in the same events. */

const stretches = fc.array(
  fc.integer({ min: -8, max: 8 }).map((tenths) => tenths / 10),
  { minLength: 1, maxLength: 6 },
);
const cuts = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 10 });

function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function nativeEvents(sound: readonly number[], sizes: readonly number[]): Promise<unknown[]> {
  const clock = new ManualClock();
  const socket = new ToySocket();
  enterStream(socket, {
    source: new ToyListener(),
    facts: () => ({ recognizer: 'toy', llm: null, device: 'cpu' }),
    room: new SessionRoom(),
    watch: new AdmissionWatch(clock),
    clock,
    record: toyRecords(clock).record(),
    admit: async () => toyAdmission(),
    closed: () => undefined,
    limits: { messagesPerSecond: 1e9 },
  });
  socket.text({ type: 'start', audio: { format: 'pcm16', rate: 24_000, channels: 2 } });
  await turns(3);
  for (const piece of pieces(pcm16(sound, 24_000, 2), sizes)) socket.binary(piece);
  socket.text({ type: 'end' });
  await turns(10);
  // Names and secrets differ from session to session.
  return socket.events.map(({ session: _, resumeToken: __, ...event }) => event);
}

async function realtimeEvents(sound: readonly number[], sizes: readonly number[]): Promise<unknown[]> {
  const socket = new ToySocket();
  new RealtimeSession(socket, {
    source: new ToyListener(),
    clock: new ManualClock(),
    record: toyRecords(new ManualClock()).record(),
    admission: toyAdmission(),
    rules: { defaultModel: 'toy', checkModel: (name) => name, hasLogprobs: false },
    pieces: () => null,
    model: null,
    language: null,
    dialect: 'current',
    nowS: () => 0,
    closed: () => undefined,
    limits: { messagesPerSecond: 1e9 },
  });
  for (const piece of pieces(pcm16(sound, 24_000), sizes)) {
    socket.text({ type: 'input_audio_buffer.append', audio: Buffer.from(piece).toString('base64') });
  }
  await turns(10);
  const items: unknown[] = [];
  const number = (id: unknown) => {
    if (id === null || id === undefined) return id;
    if (!items.includes(id)) items.push(id);
    return items.indexOf(id);
  };
  return socket.events.slice(1).map((event) => ({
    type: event['type'],
    item: number(event['item_id']),
    delta: event['delta'],
    transcript: event['transcript'],
    usage: event['usage'],
    startMs: event['audio_start_ms'],
    endMs: event['audio_end_ms'],
  }));
}

test('native: the same bytes give the same events, however they are cut', async () => {
  await fc.assert(
    fc.asyncProperty(stretches, cuts, async (sound, sizes) => {
      assert.deepEqual(await nativeEvents(sound, sizes), await nativeEvents(sound, [1e9]));
    }),
    { seed: 7, numRuns: 40 },
  );
});

test('realtime: the same bytes give the same events, however they are cut', async () => {
  await fc.assert(
    fc.asyncProperty(stretches, cuts, async (sound, sizes) => {
      assert.deepEqual(await realtimeEvents(sound, sizes), await realtimeEvents(sound, [1e9]));
    }),
    { seed: 7, numRuns: 40 },
  );
});

test('realtime: deltas of an item join to its transcript, and committed text is never taken back', async () => {
  await fc.assert(
    fc.asyncProperty(stretches, cuts, async (sound, sizes) => {
      const text = new Map<unknown, string>();
      for (const event of (await realtimeEvents(sound, sizes)) as {
        item: unknown;
        delta?: string;
        transcript?: string;
      }[]) {
        if (event.delta !== undefined) text.set(event.item, (text.get(event.item) ?? '') + event.delta);
        if (event.transcript !== undefined) assert.equal(text.get(event.item) ?? '', event.transcript);
      }
    }),
    { seed: 7, numRuns: 40 },
  );
});
