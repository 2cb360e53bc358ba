import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { AdmissionWatch } from '../../../../services/ws/admission-watch.ts';
import type { Connection } from '../../../../services/ws/connection.ts';
import type { Admission } from '../../../../services/ws/gate.ts';
import { ADMISSION_CHECK_MS } from '../../../../services/ws/limits.ts';
import { SessionRoom } from '../../../../services/ws/session-room.ts';
import { enterStream } from '../../../../services/ws/stream-entry.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { ToySocket, turns } from '../../../support/socket-pair.ts';
import { toyAdmission } from '../../../support/toy-gate.ts';
import { pcm16, ToyListener } from '../../../support/toy-listener.ts';
import { toyRecords } from '../../../support/toy-record.ts';

type Loose = Record<string, unknown>;

const START = { type: 'start', audio: { format: 'pcm16', rate: 16_000 } };

function setUp(admit: (key: string | null) => Promise<Admission> = async () => toyAdmission()) {
  const source = new ToyListener();
  const clock = new ManualClock();
  const room = new SessionRoom();
  const watch = new AdmissionWatch(clock);
  let closed = 0;
  /** The last one. */
  let connection: Connection | undefined;
  const connect = () => {
    const socket = new ToySocket();
    connection = enterStream(socket, {
      source,
      facts: () => ({
        recognizer: 'toy',
        llm: null,
        device: 'cpu',
        providers: { recognizer: ['cpu'], pages: ['cpu'] },
      }),
      room,
      watch,
      clock,
      record: toyRecords(clock).record(),
      admit,
      closed: () => {
        closed++;
      },
    });
    return socket;
  };
  /** A connection whose session has begun. */
  const begin = async (fields: Loose = {}) => {
    const socket = connect();
    socket.text({ ...START, ...fields });
    await turns(3);
    return socket;
  };
  const finish = () => connection!.finish(new AppError('shutting_down', 'The service is ending.'));
  return { source, clock, room, connect, begin, finish, closed: () => closed };
}

const hypotheses = (socket: ToySocket) => socket.ofType('hypothesis');

test('a stream from start to end: stages, revisions, committed text, numbers', async () => {
  const { source, room, begin } = setUp();
  const socket = await begin({
    id: 'mine',
    language: 'en',
    keywords: ['Ayşe'],
    nBest: 3,
    words: true,
    provenance: true,
  });
  socket.binary(pcm16([-0.5, 0.6, -0.6], 16_000));
  await turns();
  socket.text({ type: 'end' });
  await turns();
  assert.deepEqual(socket.types, [
    'ready',
    'speech_start',
    'hypothesis',
    'hypothesis',
    'speech_end',
    'hypothesis',
    'hypothesis',
    'end',
  ]);
  const [ready] = socket.events;
  assert.deepEqual([ready!['id'], ready!['resumed'], ready!['audioReceivedBytes']], ['mine', false, 0]);
  assert.deepEqual(ready!['models'], {
    recognizer: 'toy',
    llm: null,
    device: 'cpu',
    providers: { recognizer: ['cpu'] },
  });
  assert.deepEqual(
    socket.events.map((event) => event['seq']),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  const [first, second, recognized, fused] = hypotheses(socket);
  assert.deepEqual(
    [first, second, recognized, fused].map((one) => [
      one!['revision'],
      one!['stage'],
      one!['final'],
      one!['text'],
      one!['committed'],
    ]),
    [
      [0, 'recognized', false, 'w0', 0],
      [1, 'recognized', false, 'w0 w1', 2],
      [2, 'recognized', true, 'w0 w1 w2', 5],
      [3, 'fused', true, 'w0 w1 W2', 8],
    ],
  );
  assert.equal(fused!['startS'], 0.5);
  assert.equal(fused!['language'], 'en');
  // Without the spaces that recognizers put before words, as over HTTP.
  const words = (one: Loose) => (one['words'] as Loose[]).map(({ word }) => word);
  assert.deepEqual(
    [words(second!), words(fused!)],
    [
      ['w0', 'w1'],
      ['w0', 'w1', 'W2'],
    ],
  );
  assert.deepEqual(fused!['changes'], []);
  assert.deepEqual(fused!['alternatives'], [{ text: 'w0 w1 W2', recognizerLogProb: -1 }]);
  const end = socket.events.at(-1)!;
  assert.equal(end['utterances'], 1);
  assert.ok(Math.abs(Number(end['audioS']) - 1.7) < 1e-9);
  assert.deepEqual(socket.closedWith, { code: 1000, reason: 'end' });
  socket.leave(true);
  await turns();
  assert.equal(room.size, 0);
  assert.equal(source.open, 0);
  assert.deepEqual(source.requests[0], {
    language: 'en',
    hotwords: ['Ayşe'],
    nBest: 3,
    beams: 5,
    timestamps: 'word',
    explain: true,
    turnDetection: { threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 },
  });
});

test('commit, clear and a commit of nothing are answered', async () => {
  const { begin } = setUp();
  const socket = await begin({ turns: null, partials: false });
  socket.text({ type: 'commit' });
  socket.binary(pcm16([0.3], 16_000));
  socket.text({ type: 'commit' });
  socket.binary(pcm16([0.3], 16_000));
  socket.text({ type: 'clear' });
  await turns();
  assert.deepEqual(
    socket.events.slice(1).map((event) => event['code'] ?? event['type']),
    ['commit_empty', 'speech_start', 'speech_end', 'hypothesis', 'hypothesis', 'speech_start', 'cleared'],
  );
  assert.equal(socket.events.at(-1)!['utterance'], 1);
});

test('a client that comes back after any event gets the others, once each', async () => {
  const whole = await heardBy(Number.POSITIVE_INFINITY);
  assert.ok(whole.length > 10);
  for (let seq = 1; seq <= whole.length; seq++) assert.deepEqual(await heardBy(seq), whole, `after ${seq}`);
});

/** The events of a stream whose connection breaks once `seq` was seen, without what depends on time. */
async function heardBy(seq: number): Promise<Loose[]> {
  const { begin, connect } = setUp();
  const first = await begin();
  const audio = pcm16([0.6, -0.6, 0.3, -0.6], 16_000);
  const token = first.events[0]!['resumeToken'];
  let socket = first;
  let sent = 0;
  const seen: Loose[] = [];
  let read = 0;
  const take = async () => {
    await turns(4);
    for (; read < socket.events.length; read++) {
      const event = socket.events[read]!;
      if (socket === first && seen.length >= seq) {
        // The rest never arrives.
        socket.leave(false);
        socket = connect();
        read = 0;
        socket.text({ type: 'start', resume: { token, seq } });
        await turns(4);
        const ready = socket.events[0]!;
        assert.deepEqual([ready['type'], ready['resumed'], ready['seq']], ['ready', true, seq]);
        sent = Number(ready['audioReceivedBytes']);
        continue;
      }
      seen.push(event);
    }
  };
  while (sent < audio.length) {
    const piece = audio.subarray(sent, sent + 3201);
    sent += piece.length;
    socket.binary(piece);
    await take();
  }
  socket.text({ type: 'end' });
  await take();
  await take();
  assert.deepEqual(socket.closedWith, { code: 1000, reason: 'end' });
  return seen.map(({ t: _, session: __, resumeToken: ___, ...event }) => event);
}

test('a running text that a newer one replaced is not repeated', async () => {
  const { begin, connect } = setUp();
  const first = await begin();
  const token = first.events[0]!['resumeToken'];
  first.leave(false);
  await turns(2);
  const second = connect();
  second.text({ type: 'start', resume: { token, seq: 1 } });
  await turns(2);
  second.binary(pcm16([1.1], 16_000));
  await turns();
  second.leave(false);
  const third = connect();
  third.text({ type: 'start', resume: { token, seq: 1 } });
  await turns(2);
  assert.deepEqual(third.types, ['ready', 'speech_start', 'hypothesis']);
  assert.equal(third.events[2]!['text'], 'w0 w1 w2 w3');
});

test('a session takes one connection: a new one takes it over', async () => {
  const { begin, connect, room } = setUp();
  const first = await begin();
  const second = connect();
  second.text({ type: 'start', resume: { token: first.events[0]!['resumeToken'], seq: 1 } });
  await turns(2);
  assert.deepEqual(first.closedWith, { code: 1000, reason: 'resumed' });
  first.leave(true);
  second.binary(pcm16([0.3], 16_000));
  await turns();
  assert.ok(second.types.includes('hypothesis'));
  assert.equal(room.size, 1);
});

test('a session waits a minute for its client; a goodbye ends it at once', async () => {
  const { source, clock, room, begin, connect } = setUp();
  const lost = await begin();
  lost.leave(false);
  clock.advance(59_999);
  assert.equal(room.size, 1);
  clock.advance(1);
  await turns();
  assert.equal(room.size, 0);
  assert.equal(source.open, 0);
  const late = connect();
  late.text({ type: 'start', resume: { token: lost.events[0]!['resumeToken'], seq: 1 } });
  await turns(2);
  assert.equal(late.events[0]!['code'], 'not_found');
  assert.deepEqual(late.closedWith, { code: 1008, reason: 'not_found' });

  const polite = await begin();
  polite.leave(true);
  await turns();
  assert.equal(room.size, 0);
  assert.equal(source.open, 0);
});

test('a token is of use to its owner alone, and only after an event that was sent', async () => {
  let owner = 'a';
  const { begin, connect } = setUp(async () => toyAdmission(owner));
  const first = await begin();
  const token = first.events[0]!['resumeToken'];
  owner = 'b';
  const thief = connect();
  thief.text({ type: 'start', resume: { token, seq: 1 } });
  await turns(2);
  assert.equal(thief.events[0]!['code'], 'not_found');
  owner = 'a';
  const eager = connect();
  eager.text({ type: 'start', resume: { token, seq: 2 } });
  await turns(2);
  assert.equal(eager.events[0]!['param'], 'resume.seq');
  assert.equal(first.closedWith, undefined);
});

test('the key may come in the first message; audio behind it waits until its sender is let in', async () => {
  let letIn: (admission: Admission) => void = () => undefined;
  const shown: (string | null)[] = [];
  const { connect } = setUp((key) => {
    shown.push(key);
    return new Promise((resolve) => {
      letIn = resolve;
    });
  });
  const socket = connect();
  socket.text({ ...START, key: 'key-a' });
  assert.equal(socket.isPaused, true);
  socket.binary(pcm16([0.3, -0.6], 16_000));
  socket.text({ type: 'end' });
  await turns();
  assert.deepEqual(socket.sent, []);
  letIn(toyAdmission('a'));
  await turns();
  assert.deepEqual(shown, ['key-a']);
  assert.equal(socket.isPaused, false);
  assert.equal(socket.types.at(-1), 'end');
  assert.equal(hypotheses(socket).at(-1)!['text'], 'w0 W1');
});

test('a wrong key, a wrong start and no start end the connection, each told', async () => {
  const { connect, clock, room } = setUp(async (key) => {
    if (key !== 'right') throw new AppError('unauthorized', 'This key is unknown.');
    return toyAdmission();
  });
  const cases: [unknown, string, string | undefined][] = [
    [{ ...START, key: 'wrong' }, 'unauthorized', undefined],
    ['garbage', 'invalid_option', undefined],
    [{ type: 'commit' }, 'invalid_option', 'type'],
    [{ type: 'start' }, 'invalid_option', 'audio'],
    [{ ...START, audio: { format: 'mp3' } }, 'invalid_option', 'audio.format'],
    [{ ...START, audio: { format: 'pcm16', rate: 7999 } }, 'invalid_option', 'audio.rate'],
    [{ ...START, audio: { format: 'webm-opus', rate: 48_000 } }, 'unsupported_parameter', 'audio.rate'],
    [{ ...START, langauge: 'en' }, 'unsupported_parameter', 'langauge'],
    [{ ...START, turns: { silenceMs: 99 } }, 'invalid_option', 'turns.silenceMs'],
    [{ ...START, nBest: 17 }, 'invalid_option', 'nBest'],
    [{ ...START, resume: { token: 7, seq: 0 } }, 'invalid_option', 'resume.token'],
  ];
  for (const [message, code, param] of cases) {
    const socket = connect();
    socket.text(message);
    await turns(2);
    assert.deepEqual(
      [socket.events[0]!['type'], socket.events[0]!['code'], socket.events[0]!['param']],
      ['error', code, param],
    );
    assert.deepEqual(socket.closedWith, { code: 1008, reason: code });
  }
  const early = connect();
  early.binary(new Uint8Array(2));
  assert.equal(early.closedWith?.code, 1008);
  const silent = connect();
  clock.advance(9_999);
  assert.equal(silent.closedWith, undefined);
  clock.advance(1);
  assert.deepEqual(silent.closedWith, { code: 1008, reason: 'request_timeout' });
  assert.equal(room.size, 0);
});

test('the service ends in the middle of an utterance: its finals come, then the error, and later audio is not taken', async () => {
  const { room, source, begin, finish } = setUp();
  const socket = await begin();
  const heard = pcm16([0.6], 16_000);
  socket.binary(heard);
  await turns();
  finish();
  socket.binary(pcm16([0.9], 16_000));
  socket.text({ type: 'commit' });
  socket.text({ type: 'end' });
  await turns();
  assert.deepEqual(
    hypotheses(socket)
      .filter((event) => event['final'])
      .map((event) => [event['stage'], event['text']]),
    [
      ['recognized', 'w0 w1 w2'],
      ['fused', 'w0 w1 W2'],
    ],
  );
  const told = socket.events.at(-1)!;
  assert.deepEqual([told['type'], told['code'], told['retry']], ['error', 'shutting_down', true]);
  // From where to go on elsewhere.
  assert.deepEqual([told['audioReceivedBytes'], told['audioReceivedS']], [heard.length, 0.6]);
  assert.ok(!socket.types.includes('end'));
  assert.deepEqual(socket.closedWith, { code: 1001, reason: 'shutting_down' });
  assert.deepEqual([room.size, source.open], [0, 0]);
});

test('the service ends before all was heard: the error claims nothing of what was taken', async () => {
  const { room, source, begin, finish } = setUp();
  source.gate = new Promise(() => undefined);
  const socket = await begin();
  socket.binary(pcm16([0.6], 16_000));
  finish();
  room.failAll(new AppError('shutting_down', 'The service is ending.'));
  const told = socket.events.at(-1)!;
  assert.deepEqual([told['type'], told['code']], ['error', 'shutting_down']);
  assert.ok(!('audioReceivedBytes' in told) && !('audioReceivedS' in told));
  assert.deepEqual(socket.closedWith, { code: 1001, reason: 'shutting_down' });
});

test('the service ends: who has said end gets it, and who has not begun is told at once', async () => {
  const { begin, connect, finish } = setUp();
  const done = await begin();
  done.binary(pcm16([0.6], 16_000));
  done.text({ type: 'end' });
  finish();
  await turns();
  assert.equal(done.types.at(-1), 'end');
  assert.deepEqual(done.closedWith, { code: 1000, reason: 'end' });
  const early = connect();
  finish();
  assert.equal(early.events[0]!['code'], 'shutting_down');
  assert.deepEqual(early.closedWith, { code: 1001, reason: 'shutting_down' });
});

test('the service ends: a session whose client is lost, before or while it finishes, ends at once', async () => {
  const { room, source, begin, finish } = setUp();
  const lost = await begin();
  lost.leave(false);
  assert.equal(room.size, 1);
  room.giveUpParked();
  await turns();
  assert.deepEqual([room.size, source.open], [0, 0]);
  let release: () => void = () => undefined;
  source.gate = new Promise((resolve) => {
    release = resolve;
  });
  const finishing = await begin();
  finishing.binary(pcm16([0.6], 16_000));
  finish();
  finishing.leave(false);
  assert.equal(room.size, 0);
  release();
  await turns();
  assert.equal(source.open, 0);
});

test('messages that do not belong here end the session, told', async () => {
  for (const message of ['{}', '{"type":"start"}', '{"type":"commit","now":true}', 'x']) {
    const { begin, room, source } = setUp();
    const socket = await begin();
    socket.text(message);
    assert.equal(socket.types.at(-1), 'error');
    assert.equal(socket.closedWith?.code, 1008);
    socket.leave(true);
    await turns();
    assert.equal(room.size, 0);
    assert.equal(source.open, 0);
  }
  const { begin } = setUp();
  const socket = await begin();
  socket.text({ type: 'end' });
  socket.binary(new Uint8Array(2));
  assert.equal(socket.ofType('error')[0]!['message'], 'Audio came after end.');
});

test('a slow reader skips texts that newer ones replaced, and misses no final', async () => {
  const { begin } = setUp();
  const socket = await begin();
  socket.bufferedAmount = 300 * 1024;
  socket.binary(pcm16([1.1, -0.6], 16_000));
  await turns();
  assert.deepEqual(socket.types, ['ready']);
  socket.drain();
  assert.deepEqual(socket.types, ['ready', 'speech_start', 'speech_end', 'hypothesis', 'hypothesis']);
  assert.deepEqual(
    socket.events.map((event) => event['seq']),
    [1, 2, 7, 8, 9],
  );
});

test('audio that the recognizer does not take stops the reading; room begins it again; a minute without ends it', async () => {
  const { source, clock, begin } = setUp();
  let open: () => void = () => undefined;
  source.gate = new Promise((resolve) => {
    open = resolve;
  });
  const socket = await begin();
  // One piece is with the recognizer; what waits is counted without it.
  socket.binary(pcm16([0.1], 16_000));
  await turns(2);
  for (let i = 0; i < 100; i++) socket.binary(pcm16([0.1], 16_000));
  assert.equal(socket.isPaused, false);
  socket.binary(pcm16([0.1], 16_000));
  assert.equal(socket.isPaused, true);
  clock.advance(59_000);
  open();
  await turns(60);
  assert.equal(socket.isPaused, false);
  assert.equal(socket.closedWith, undefined);

  source.gate = new Promise(() => undefined);
  for (let i = 0; i < 105; i++) socket.binary(pcm16([0.1], 16_000));
  clock.advance(60_000);
  assert.deepEqual(socket.closedWith, { code: 1013, reason: 'overloaded' });
});

test('failures of the recognizer and used-up budgets end the session, told without what is no client’s business', async () => {
  const lost = setUp();
  lost.source.failure = { afterS: 0.2, error: new AppError('peer_lost', 'The recognizer went away.') };
  const first = await lost.begin();
  for (let i = 0; i < 2; i++) first.binary(pcm16([0.3], 16_000));
  await turns();
  const { seq: _, t: __, ...told } = first.events.at(-1)!;
  assert.deepEqual(told, { type: 'error', code: 'peer_lost', message: 'The recognizer went away.', retry: true });
  assert.equal(first.closedWith?.code, 1013);
  assert.equal(lost.room.size, 0);

  const broken = setUp();
  broken.source.failure = { afterS: 0, error: new Error('/secret/path is gone') };
  const second = await broken.begin();
  second.binary(pcm16([0.3], 16_000));
  await turns();
  assert.equal(second.closedWith?.code, 1011);
  assert.doesNotMatch(String(second.events.at(-1)!['message']), /secret/);

  const poor = setUp(async () => toyAdmission('a', 0.5));
  const third = await poor.begin();
  third.binary(pcm16([0.5], 16_000));
  assert.equal(third.closedWith, undefined);
  third.binary(pcm16([0.1], 16_000));
  assert.deepEqual(third.closedWith, { code: 1008, reason: 'rate_limited' });
});

test('a session that fails while its client is away tells it why when it comes back, and is over then', async () => {
  const { source, clock, room, begin, connect } = setUp();
  let open: () => void = () => undefined;
  const fail = async () => {
    source.gate = new Promise((resolve) => {
      open = resolve;
    });
    source.failure = { afterS: 0, error: new AppError('overloaded', 'The stream lags behind its audio.') };
    const socket = await begin();
    socket.binary(pcm16([0.3], 16_000));
    await turns(2);
    socket.leave(false);
    open();
    await turns();
    assert.equal(source.open, 0);
    return socket.events[0]!['resumeToken'];
  };
  const token = await fail();
  const back = connect();
  back.text({ type: 'start', resume: { token, seq: 1 } });
  await turns(2);
  assert.deepEqual(back.types, ['ready', 'error']);
  assert.equal(back.events[1]!['code'], 'overloaded');
  assert.deepEqual(back.closedWith, { code: 1013, reason: 'overloaded' });
  assert.equal(room.size, 0);

  await fail();
  assert.equal(room.size, 1);
  clock.advance(60_000);
  assert.equal(room.size, 0);
});

test('a revoked key ends its sessions, told, and those that wait for their client', async () => {
  let revoked = false;
  const recheck = async () => {
    if (revoked) throw new AppError('unauthorized', 'This key was revoked.');
  };
  const { source, clock, room, begin, connect, closed } = setUp(async () => ({ ...toyAdmission(), recheck }));
  const [open, parked] = [await begin(), await begin()];
  for (const socket of [open, parked]) socket.binary(pcm16([0.3], 16_000));
  parked.leave(false);
  await turns();
  assert.deepEqual([source.open, room.size], [2, 2]);
  clock.advance(ADMISSION_CHECK_MS);
  await turns();
  assert.equal(room.size, 2);
  revoked = true;
  clock.advance(ADMISSION_CHECK_MS);
  await turns();
  assert.equal(open.events.at(-1)!['code'], 'unauthorized');
  assert.deepEqual(open.closedWith, { code: 1008, reason: 'unauthorized' });
  assert.deepEqual([source.open, room.size, closed()], [0, 0, 2]);
  const back = connect();
  back.text({ type: 'start', resume: { token: parked.events[0]!['resumeToken'], seq: 1 } });
  await turns(2);
  assert.equal(back.events[0]!['code'], 'not_found');
});

test('a revoked key ends a session at once whose client reads slowly, also one that has nothing more to hear', async () => {
  let revoked = false;
  const recheck = async () => {
    if (revoked) throw new AppError('unauthorized', 'This key was revoked.');
  };
  const { clock, room, begin, closed } = setUp(async () => ({ ...toyAdmission(), recheck }));
  const [running, over] = [await begin(), await begin()];
  for (const socket of [running, over]) {
    socket.bufferedAmount = 300 * 1024;
    socket.binary(pcm16([0.6], 16_000));
  }
  over.text({ type: 'end' });
  await turns();
  revoked = true;
  clock.advance(ADMISSION_CHECK_MS);
  await turns();
  for (const socket of [running, over]) {
    assert.deepEqual(socket.types, ['ready', 'error']);
    assert.deepEqual(socket.closedWith, { code: 1008, reason: 'unauthorized' });
  }
  assert.deepEqual([room.size, closed()], [0, 2]);
});

test('32 sessions wait for their clients; one more, and the oldest is given up', async () => {
  const { begin, room } = setUp();
  const sockets: ToySocket[] = [];
  for (let i = 0; i < 33; i++) sockets.push(await begin());
  for (const socket of sockets.slice(0, 32)) socket.leave(false);
  assert.equal(room.size, 33);
  sockets[32]!.leave(false);
  assert.equal(room.size, 32);
});

test('a session ends after four hours, whatever its connections do', async () => {
  const { clock, begin, room } = setUp();
  const socket = await begin();
  const speak = async () => {
    socket.binary(pcm16([-0.1], 16_000));
    socket.pong();
    await turns(1);
  };
  for (let seconds = 0; seconds < 4 * 3600 - 10; seconds += 10) {
    clock.advance(10_000);
    await speak();
  }
  clock.advance(9_999);
  assert.equal(socket.closedWith, undefined);
  clock.advance(1);
  assert.deepEqual(socket.closedWith, { code: 1013, reason: 'deadline_exceeded' });
  assert.equal(room.size, 0);
});

test('who connects may have come back for a session of its own that is parked, or falls silent', async () => {
  const { clock, room, begin } = setUp(async (key) => toyAdmission(key ?? 'local'));
  const look = async (owner: string | null, talks?: ToySocket) => {
    const answer = room.mayReturn(owner, clock);
    for (let ms = 0; ms < 2000; ms += 100) {
      clock.advance(100);
      talks?.binary(new Uint8Array(2));
    }
    return answer;
  };
  assert.equal(await look(null), false, 'there is no session');
  const socket = await begin({ key: 'a' });
  assert.equal(await look('a', socket), false, 'its client talks on its connection');
  assert.equal(await look(null, socket), false);
  assert.equal(await look('b'), false, 'not its session');
  socket.binary(new Uint8Array(2));
  assert.equal(await look('a'), true, 'silent since the look began');
  const pending = clock.pending;
  assert.equal(await room.mayReturn('a', clock), true, 'silent for a while already');
  socket.binary(new Uint8Array(2));
  socket.leave(false);
  assert.equal(await room.mayReturn('a', clock), true, 'parked');
  assert.equal(await room.mayReturn(null, clock), true, 'of whoever shows no key yet');
  assert.ok(clock.pending <= pending, 'without a wait');
});

test('a session that is not read at present may have lost its client', async () => {
  const { clock, room, begin, source } = setUp();
  source.gate = new Promise(() => undefined);
  const socket = await begin();
  socket.binary(pcm16([10.1], 16_000));
  assert.equal(socket.isPaused, true);
  assert.equal(await room.mayReturn('local', clock), true);
});
