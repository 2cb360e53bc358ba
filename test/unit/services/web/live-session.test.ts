import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveSession, type SessionState, type StreamSocket } from '../../../../services/web/page/talk/live-session.ts';

const RATE_HZ = 100;

/** A socket that keeps what it was sent; the test plays the service. */
class ToySocket implements StreamSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly messages: Record<string, unknown>[] = [];
  readonly samples: number[] = [];
  isClosed = false;
  seq = 0;

  send(data: string | Int16Array): void {
    if (typeof data === 'string') this.messages.push(JSON.parse(data));
    else this.samples.push(...data);
  }

  close(): void {
    this.isClosed = true;
  }

  say(event: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify({ seq: ++this.seq, t: 0, ...event }) });
  }

  ready(audioReceivedBytes = 0, fields: Record<string, unknown> = {}): void {
    this.onopen?.();
    this.say({ type: 'ready', resumeToken: 'tok', audioReceivedBytes, ...fields });
  }
}

function session() {
  const sockets: ToySocket[] = [];
  const states: SessionState[] = [];
  const events: string[] = [];
  const failures: string[] = [];
  const lost: number[] = [];
  const places: number[] = [];
  let restarts = 0;
  let nowMs = 0;
  let timers: { atMs: number; run: () => void }[] = [];
  const live = new LiveSession({
    open: () => {
      const socket = new ToySocket();
      sockets.push(socket);
      return socket;
    },
    clock: {
      nowMs: () => nowMs,
      after: (ms, run) => {
        const timer = { atMs: nowMs + ms, run };
        timers.push(timer);
        return () => {
          timers = timers.filter((one) => one !== timer);
        };
      },
    },
    key: 'k',
    wish: { language: 'tr' },
    rateHz: RATE_HZ,
    onState: (state) => states.push(state),
    onEvent: (event, { offsetS }) => {
      events.push(event.type === 'hypothesis' ? event.text : event.type);
      places.push(offsetS);
    },
    onRestart: () => restarts++,
    onAudioLost: (lostS) => lost.push(lostS),
    onFailure: (code) => failures.push(code),
  });
  const advance = (ms: number) => {
    nowMs += ms;
    const due = timers.filter(({ atMs }) => atMs <= nowMs);
    timers = timers.filter(({ atMs }) => atMs > nowMs);
    for (const { run } of due) run();
  };
  const audio = (from: number, count: number) => live.send(Int16Array.from({ length: count }, (_, i) => from + i));
  return { live, sockets, states, events, failures, lost, places, advance, audio, restarts: () => restarts };
}

const said = (text: string, fields: Record<string, unknown> = {}) => ({
  type: 'hypothesis',
  utterance: 0,
  revision: 0,
  stage: 'recognized',
  final: false,
  committed: 0,
  startS: 0,
  endS: 1,
  text,
  ...fields,
});
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

test('audio waits for ready, and goes out as it comes afterwards', () => {
  const { sockets, states, audio } = session();
  audio(0, 5);
  assert.deepEqual(sockets[0]!.samples, []);
  sockets[0]!.ready();
  audio(5, 3);
  assert.deepEqual(sockets[0]!.samples, upTo(8));
  const [start] = sockets[0]!.messages;
  assert.deepEqual(start!['audio'], { format: 'pcm16', rate: RATE_HZ, channels: 1 });
  assert.deepEqual([start!['key'], start!['language'], start!['resume']], ['k', 'tr', undefined]);
  assert.deepEqual(states, ['listening']);
});

test('after a cut the stream is resumed with the last number seen, and only unheard audio is sent again', () => {
  const { sockets, states, events, advance, audio } = session();
  sockets[0]!.ready();
  audio(0, 10);
  sockets[0]!.say(said('one'));
  sockets[0]!.onclose?.();
  audio(10, 2);
  advance(250);
  const second = sockets[1]!;
  second.ready(12, { seq: 2 });
  assert.deepEqual(second.messages[0], { type: 'start', key: 'k', resume: { token: 'tok', seq: 2 } });
  // 12 bytes are 6 samples.
  assert.deepEqual(second.samples, upTo(12).slice(6));
  second.say({ ...said('one'), seq: 2 });
  second.say({ ...said('two'), seq: 3 });
  assert.deepEqual(events, ['one', 'two'], 'an event that was seen counts once');
  assert.deepEqual(states, ['listening', 'reconnecting', 'listening']);
});

test('a late message of a socket that was given up is not taken', () => {
  const { sockets, events, advance } = session();
  sockets[0]!.ready();
  sockets[0]!.onclose?.();
  advance(250);
  sockets[1]!.ready(0, { seq: 1 });
  sockets[0]!.say(said('ghost'));
  assert.deepEqual(events, []);
});

test('where the stream is unknown a new one goes on after the last settled text', () => {
  const { sockets, places, restarts, advance, audio, failures } = session();
  sockets[0]!.ready();
  audio(0, 200);
  sockets[0]!.say(said('settled', { stage: 'fused', final: true, endS: 1.5 }));
  sockets[0]!.onclose?.();
  advance(250);
  sockets[1]!.onopen?.();
  sockets[1]!.say({ type: 'error', code: 'not_found', message: 'gone', retry: false });
  const third = sockets[2]!;
  third.ready();
  assert.equal(third.messages[0]!['resume'], undefined);
  assert.deepEqual(third.samples, upTo(200).slice(150));
  third.say(said('new', { startS: 0 }));
  assert.deepEqual(places, [0, 1.5], 'times of the new stream count from where it began');
  assert.deepEqual([restarts(), failures], [1, []]);
});

test('audio that fell out of the ring is told and replaced by silence', () => {
  const { sockets, lost, advance, audio } = session();
  sockets[0]!.ready();
  sockets[0]!.onclose?.();
  for (let i = 0; i < 62; i++) audio(1 + i * RATE_HZ, RATE_HZ);
  advance(250);
  sockets[1]!.ready(0, { seq: 1 });
  assert.deepEqual(lost, [2]);
  assert.equal(sockets[1]!.samples.length, 62 * RATE_HZ);
  assert.deepEqual(sockets[1]!.samples.slice(0, 2 * RATE_HZ), new Array(2 * RATE_HZ).fill(0));
  assert.equal(sockets[1]!.samples[2 * RATE_HZ], 1 + 2 * RATE_HZ);
});

test('tries come further apart and end after a minute', () => {
  const { sockets, states, failures, advance } = session();
  sockets[0]!.ready();
  sockets[0]!.onclose?.();
  for (let i = 1; i < 40 && failures.length === 0; i++) {
    advance(5_000);
    sockets.at(-1)!.onclose?.();
  }
  assert.equal(states.at(-1), 'failed');
  assert.deepEqual(failures, ['']);
  assert.ok(sockets.length > 8 && sockets.length < 20, `${sockets.length} sockets`);
});

test('a service that does not answer at first is told at once', () => {
  const { sockets, states, failures } = session();
  sockets[0]!.onclose?.();
  assert.deepEqual([states, failures], [['failed'], ['']]);
});

test('a refused key ends the session with its code', () => {
  const { sockets, failures, states } = session();
  sockets[0]!.onopen?.();
  sockets[0]!.say({ type: 'error', code: 'unauthorized', message: 'no', retry: false });
  sockets[0]!.onclose?.();
  assert.deepEqual([failures, states], [['unauthorized'], ['failed']]);
});

test('end is sent once, also where the connection is away just then', () => {
  const { live, sockets, states, advance } = session();
  sockets[0]!.ready();
  sockets[0]!.onclose?.();
  live.finish();
  live.finish();
  advance(250);
  sockets[1]!.ready(0, { seq: 1 });
  assert.deepEqual(
    sockets[1]!.messages.map(({ type }) => type),
    ['start', 'end'],
  );
  sockets[1]!.say({ type: 'end', seq: 2 });
  assert.equal(states.at(-1), 'ended');
  assert.ok(sockets[1]!.isClosed);
});

test('a service that never ends does not hold the session for ever', () => {
  const { live, sockets, states, advance } = session();
  sockets[0]!.ready();
  live.finish();
  advance(60_000);
  assert.equal(states.at(-1), 'ended');
});

test('a frame that is no event ends the session, one of an unknown kind does not', () => {
  const { sockets, failures, states } = session();
  sockets[0]!.ready();
  sockets[0]!.say({ type: 'news' });
  assert.equal(states.at(-1), 'listening');
  sockets[0]!.say({ type: 'hypothesis', text: 5 });
  assert.deepEqual(failures, ['protocol_violation']);
});
