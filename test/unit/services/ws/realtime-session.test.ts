import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import type { RealtimeRules } from '../../../../services/ws/realtime-config.ts';
import { type RealtimeParts, RealtimeSession } from '../../../../services/ws/realtime-session.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { ToySocket, turns } from '../../../support/socket-pair.ts';
import { toyAdmission } from '../../../support/toy-gate.ts';
import { pcm16, ToyListener } from '../../../support/toy-listener.ts';
import { toyRecords } from '../../../support/toy-record.ts';

const RULES: RealtimeRules = {
  defaultModel: 'whisper-base',
  checkModel: (name) => {
    if (name === 'whisper-base' || name === 'whisper-1') return name;
    throw new AppError('model_unknown', `There is no model ${name}.`);
  },
  hasLogprobs: false,
};
const TRANSCRIPTION = 'conversation.item.input_audio_transcription';

function setUp(parts: Partial<RealtimeParts> = {}) {
  const socket = new ToySocket();
  const source = new ToyListener();
  const clock = new ManualClock();
  let closed = 0;
  const session = new RealtimeSession(socket, {
    source,
    clock,
    record: toyRecords(clock).record('/v1/realtime'),
    admission: toyAdmission(),
    rules: RULES,
    pieces: () => null,
    model: null,
    language: null,
    dialect: 'current',
    nowS: () => 1_000_000,
    closed: () => {
      closed++;
    },
    ...parts,
  });
  const append = (bytes: Uint8Array, fields: Record<string, unknown> = {}) =>
    socket.text({ type: 'input_audio_buffer.append', audio: Buffer.from(bytes).toString('base64'), ...fields });
  const update = (input: Record<string, unknown>, event: Record<string, unknown> = {}) =>
    socket.text({ type: 'session.update', session: { type: 'transcription', audio: { input } }, ...event });
  return { socket, source, clock, session, append, update, closed: () => closed };
}

type Loose = Record<string, unknown>;
/** What stands at a path such as `session.audio`. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce((inner: unknown, name) => (inner as Loose | undefined)?.[name], value);
}
const errorOf = (event: Loose | undefined) => event?.['error'] as Loose;

test('the current dialect: created, speech, item, deltas that join to the transcript, usage', async () => {
  const { socket, append } = setUp();
  append(pcm16([-0.5, 1.1, -0.6], 24_000));
  await turns();
  assert.deepEqual(socket.types, [
    'session.created',
    'input_audio_buffer.speech_started',
    'conversation.item.added',
    `${TRANSCRIPTION}.delta`,
    `${TRANSCRIPTION}.delta`,
    `${TRANSCRIPTION}.delta`,
    'input_audio_buffer.speech_stopped',
    'input_audio_buffer.committed',
    'conversation.item.done',
    `${TRANSCRIPTION}.delta`,
    `${TRANSCRIPTION}.completed`,
  ]);
  const started = socket.ofType('input_audio_buffer.speech_started')[0] as Loose;
  assert.ok(Math.abs(Number(started['audio_start_ms']) - 500) <= 5, String(started['audio_start_ms']));
  const deltas = socket.ofType(`${TRANSCRIPTION}.delta`) as Loose[];
  const [completed] = socket.ofType(`${TRANSCRIPTION}.completed`) as Loose[];
  assert.equal(completed!['transcript'], 'w0 w1 w2 w3 W4');
  assert.equal(deltas.map((event) => event['delta']).join(''), completed!['transcript']);
  assert.deepEqual(deltas.map((event) => event['delta'])[0], 'w0');
  assert.equal(completed!['content_index'], 0);
  assert.equal(at(completed, 'usage.type'), 'duration');
  assert.ok(Math.abs(Number(at(completed, 'usage.seconds')) - 1.6) < 0.01);
  const items = new Set(socket.events.flatMap((event) => (event['item_id'] === undefined ? [] : [event['item_id']])));
  assert.equal(items.size, 1);
  const ids = socket.events.map((event) => event['event_id']);
  assert.equal(new Set(ids).size, ids.length);
  const added = socket.ofType('conversation.item.added')[0] as Loose;
  assert.deepEqual(at(added, 'item.content'), [{ type: 'input_audio', transcript: null }]);
  assert.equal(at(added, 'item.status'), 'in_progress');
  assert.equal(at(socket.ofType('conversation.item.done')[0], 'item.status'), 'completed');
});

test('the beta dialect: its names of session and item, by header and by what the client sends', async () => {
  const { socket, append } = setUp({ dialect: 'beta' });
  assert.deepEqual(socket.types, ['transcription_session.created']);
  socket.text({
    type: 'transcription_session.update',
    session: { input_audio_format: 'pcm16', input_audio_transcription: { model: 'whisper-1', language: 'tr' } },
  });
  const updated = socket.ofType('transcription_session.updated')[0] as Loose;
  assert.equal(at(updated, 'session.input_audio_transcription.language'), 'tr');
  assert.equal(at(updated, 'session.input_audio_format'), 'pcm16');
  assert.equal(at(updated, 'session.turn_detection.silence_duration_ms'), 500);
  append(pcm16([0.6, -0.6], 24_000));
  await turns();
  assert.equal(socket.ofType('conversation.item.created').length, 1);
  assert.equal(socket.ofType('conversation.item.added').length, 0);
  assert.equal(socket.ofType('conversation.item.done').length, 0);
  assert.equal((socket.ofType(`${TRANSCRIPTION}.completed`)[0] as Loose)['transcript'], 'w0 w1 W2');

  const second = setUp();
  second.socket.text({ type: 'transcription_session.update', session: {} });
  assert.deepEqual(second.socket.types, ['session.created', 'transcription_session.updated']);
});

test('without turn detection the client commits, and no speech events come', async () => {
  const { socket, append, update } = setUp();
  update({ turn_detection: null });
  append(pcm16([0.6], 24_000));
  socket.text({ type: 'input_audio_buffer.commit' });
  append(pcm16([0.3], 24_000));
  socket.text({ type: 'input_audio_buffer.commit' });
  await turns();
  assert.equal(socket.ofType('input_audio_buffer.speech_started').length, 0);
  assert.equal(socket.ofType('input_audio_buffer.speech_stopped').length, 0);
  const committed = socket.ofType('input_audio_buffer.committed') as Loose[];
  assert.equal(committed.length, 2);
  assert.equal(committed[0]!['previous_item_id'], null);
  assert.equal(committed[1]!['previous_item_id'], committed[0]!['item_id']);
  const texts = (socket.ofType(`${TRANSCRIPTION}.completed`) as Loose[]).map((event) => event['transcript']);
  assert.deepEqual(texts, ['w0 w1 W2', 'w0 W1']);
});

test('a commit with less than 100 ms of audio, or with nothing heard in it, is an error that names its event', async () => {
  const { socket, append } = setUp();
  socket.text({ type: 'input_audio_buffer.commit', event_id: 'mine-1' });
  append(pcm16([-0.099], 24_000));
  socket.text({ type: 'input_audio_buffer.commit', event_id: 'mine-2' });
  append(pcm16([-0.6], 24_000));
  socket.text({ type: 'input_audio_buffer.commit', event_id: 'mine-3' });
  await turns();
  const errors = socket.ofType('error').map(errorOf);
  assert.deepEqual(
    errors.map((error) => [error['code'], error['event_id']]),
    [
      ['input_audio_buffer_commit_empty', 'mine-1'],
      ['input_audio_buffer_commit_empty', 'mine-2'],
      ['input_audio_buffer_commit_empty', 'mine-3'],
    ],
  );
  assert.equal(socket.closedWith, undefined);
});

test('clear is answered, also before any audio; the item that ran is told failed if it was told of', async () => {
  const { socket, append } = setUp();
  socket.text({ type: 'input_audio_buffer.clear' });
  assert.equal(socket.ofType('input_audio_buffer.cleared').length, 1);
  append(pcm16([0.6], 24_000));
  await turns();
  socket.text({ type: 'input_audio_buffer.clear' });
  await turns();
  assert.equal(socket.ofType('input_audio_buffer.cleared').length, 2);
  assert.equal(errorOf(socket.ofType(`${TRANSCRIPTION}.failed`)[0])['code'], 'canceled');
  append(pcm16([0.3, -0.6], 24_000));
  await turns();
  assert.equal((socket.ofType(`${TRANSCRIPTION}.completed`)[0] as Loose)['transcript'], 'w0 W1');
});

test('what is not done here is refused, the field named, and the session stays as it was', () => {
  const { socket, update } = setUp();
  const path = 'session.audio.input';
  const cases: [Record<string, unknown>, string, string][] = [
    [{ noise_reduction: { type: 'near_field' } }, 'unsupported_parameter', `${path}.noise_reduction`],
    [{ turn_detection: { type: 'semantic_vad' } }, 'unsupported_parameter', `${path}.turn_detection.type`],
    [
      { turn_detection: { type: 'server_vad', eagerness: 'low' } },
      'unsupported_parameter',
      `${path}.turn_detection.eagerness`,
    ],
    [
      { turn_detection: { type: 'server_vad', create_response: true } },
      'unsupported_parameter',
      `${path}.turn_detection.create_response`,
    ],
    [{ turn_detection: { type: 'server_vad', threshold: 7 } }, 'invalid_option', `${path}.turn_detection.threshold`],
    [{ format: { type: 'audio/pcm', rate: 16_000 } }, 'invalid_option', `${path}.format.rate`],
    [{ format: { type: 'audio/opus' } }, 'invalid_option', `${path}.format.type`],
    [{ transcription: { model: 'gpt-none' } }, 'model_unknown', `${path}.transcription.model`],
    [{ transcription: { languages: ['en', 'tr'] } }, 'unsupported_parameter', `${path}.transcription.languages`],
    [{ transcription: { delay: 'none' } }, 'invalid_option', `${path}.transcription.delay`],
    [{ voice: 'x' }, 'unsupported_parameter', `${path}.voice`],
  ];
  for (const [input, code, param] of cases) {
    update(input, { event_id: param });
    const error = errorOf(socket.events.at(-1));
    assert.deepEqual([error['code'], error['param'], error['event_id']], [code, param, param]);
    assert.equal(error['type'], 'invalid_request_error');
  }
  socket.text({ type: 'session.update', session: { type: 'realtime' } });
  assert.equal(errorOf(socket.events.at(-1))['param'], 'session.type');
  socket.text({
    type: 'session.update',
    session: { type: 'transcription', include: ['item.input_audio_transcription.logprobs'] },
  });
  assert.equal(errorOf(socket.events.at(-1))['param'], 'session.include');
  update({ noise_reduction: null });
  assert.deepEqual(at(socket.ofType('session.updated').at(-1), 'session.audio.input'), {
    format: { type: 'audio/pcm', rate: 24_000 },
    transcription: { model: 'whisper-base' },
    noise_reduction: null,
    turn_detection: { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 },
  });
  assert.equal(socket.closedWith, undefined);
});

test('only fields that are sent change, and null clears', () => {
  const { socket, update } = setUp({ language: 'en' });
  update({
    transcription: { prompt: 'Names: Ayşe.' },
    turn_detection: { type: 'server_vad', silence_duration_ms: 700 },
  });
  update({ turn_detection: { type: 'server_vad', threshold: 0.6 } });
  const input = (name: string) => at(socket.ofType('session.updated').at(-1), `session.audio.input.${name}`);
  assert.deepEqual(input('transcription'), { model: 'whisper-base', language: 'en', prompt: 'Names: Ayşe.' });
  assert.equal(input('turn_detection.silence_duration_ms'), 700);
  assert.equal(input('turn_detection.threshold'), 0.6);
  update({ transcription: null, turn_detection: null });
  assert.deepEqual(input('transcription'), { model: 'whisper-base' });
  assert.equal(input('turn_detection'), null);
});

test('settings reach the recognizer; new ones hold for the audio after them, and time goes on', async () => {
  const { socket, source, append, update } = setUp();
  update({ transcription: { language: 'tr', keywords: ['Ayşe'], prompt: 'p', delay: 'high' } });
  append(pcm16([0.5], 24_000));
  update({ transcription: { language: 'en' }, turn_detection: null });
  append(pcm16([0.3], 24_000));
  socket.text({ type: 'input_audio_buffer.commit' });
  await turns();
  assert.deepEqual(source.requests, [
    {
      language: 'tr',
      prompt: 'p',
      hotwords: ['Ayşe'],
      partialIntervalMs: 1000,
      turnDetection: { threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 },
    },
    { language: 'en', prompt: 'p', hotwords: ['Ayşe'], partialIntervalMs: 1000, turnDetection: null },
  ]);
  const texts = (socket.ofType(`${TRANSCRIPTION}.completed`) as Loose[]).map((event) => event['transcript']);
  assert.deepEqual(texts, ['w0 W1', 'w0 W1']);
  // The second item began after the first half second.
  const second = socket.ofType(`${TRANSCRIPTION}.completed`)[1] as Loose;
  assert.ok(Math.abs(Number(at(second, 'usage.seconds')) - 0.3) < 0.02);
  assert.equal(source.open, 1);
});

test('G.711 in both laws is heard', async () => {
  // In either law these codes are loud, and these silent.
  for (const [type, loud, silent] of [
    ['audio/pcmu', 0x10, 0xff],
    ['audio/pcma', 0x20, 0xd5],
  ] as const) {
    const { socket, append, update } = setUp();
    update({ format: { type } });
    const bytes = new Uint8Array(9600);
    bytes.fill(silent);
    for (let i = 0; i < 4000; i++) bytes[i] = i % 20 < 10 ? loud : loud ^ 0x80;
    append(bytes);
    await turns();
    const [completed] = socket.ofType(`${TRANSCRIPTION}.completed`) as Loose[];
    assert.match(String(completed?.['transcript']), /^w0 W1$|^w0 w1 W2$/, type);
  }
});

test('garbage is answered by an error each, and the session goes on', async () => {
  const { socket, append } = setUp();
  const garbage = [
    'not json',
    '[]',
    '"text"',
    'null',
    '{}',
    '{"type":7}',
    '{"type":"response.create","event_id":"r"}',
    '{"type":"input_audio_buffer.append"}',
    '{"type":"input_audio_buffer.append","audio":"***"}',
    '{"type":"input_audio_buffer.append","audio":"AAAA","more":1}',
    '{"type":"input_audio_buffer.commit","audio":1}',
    '{"type":"session.update"}',
    '{"type":"session.update","session":[]}',
    '{"type":"session.update","session":{"type":"transcription"},"more":1}',
    '{"type":"session.update","session":{"type":"transcription","audio":{"output":{}}}}',
  ];
  for (const text of garbage) socket.text(text);
  const errors = socket.ofType('error');
  assert.equal(errors.length, garbage.length);
  assert.equal(errorOf(errors[6])['event_id'], 'r');
  append(pcm16([0.5, -0.6], 24_000));
  await turns();
  assert.equal(socket.ofType(`${TRANSCRIPTION}.completed`).length, 1);
  assert.equal(socket.closedWith, undefined);
});

test('a binary message ends the session with 1003', () => {
  const { socket, closed } = setUp();
  socket.binary(new Uint8Array(4));
  assert.equal(socket.closedWith?.code, 1003);
  assert.equal(socket.ofType('error').length, 1);
  socket.leave(true);
  assert.equal(closed(), 1);
});

test('a recognizer that fails loses its items, tells so, and is asked again; three times in a row end the session', async () => {
  const { socket, source, append } = setUp();
  source.failure = { afterS: 0.4, error: new AppError('peer_lost', 'The recognizer went away.') };
  append(pcm16([0.5], 24_000));
  await turns();
  append(pcm16([0.1], 24_000));
  await turns();
  const [failed] = socket.ofType(`${TRANSCRIPTION}.failed`) as Loose[];
  assert.equal(errorOf(failed)['code'], 'peer_lost');
  assert.equal(errorOf(socket.ofType('error')[0])['code'], 'peer_lost');
  assert.equal(socket.closedWith, undefined);
  source.failure = undefined;
  append(pcm16([0.5, -0.6], 24_000));
  await turns();
  assert.equal((socket.ofType(`${TRANSCRIPTION}.completed`)[0] as Loose)['transcript'], 'w0 W1');

  source.failure = { afterS: 0, error: new AppError('peer_lost', 'The recognizer went away.') };
  for (let i = 0; i < 3; i++) {
    append(pcm16([0.1], 24_000));
    await turns();
  }
  assert.deepEqual(socket.closedWith, { code: 1013, reason: 'peer_lost' });
  assert.equal(source.open, 0);
});

test('no room at the recognizer ends the session with 1013', async () => {
  const { socket, source, append } = setUp();
  source.failure = { afterS: 0, error: new AppError('overloaded', 'No room for one more stream.') };
  append(pcm16([0.5], 24_000));
  await turns();
  assert.deepEqual(socket.closedWith, { code: 1013, reason: 'overloaded' });
  assert.equal(errorOf(socket.ofType('error')[0])['message'], 'No room for one more stream.');
});

test('the budget of a key: what is left is told, and beyond it the session ends', async () => {
  const limits = [{ name: 'audio_seconds', limit: 3600, remaining: 3000, resetSeconds: 600 }];
  const { socket, append } = setUp({ admission: toyAdmission('a', 1.2, limits) });
  append(pcm16([0.5, -0.6], 24_000));
  await turns();
  assert.deepEqual((socket.ofType('rate_limits.updated')[0] as Loose)['rate_limits'], [
    { name: 'audio_seconds', limit: 3600, remaining: 3000, reset_seconds: 600 },
  ]);
  append(pcm16([0.5], 24_000));
  assert.deepEqual(socket.closedWith, { code: 1008, reason: 'rate_limited' });
});

test('idle_timeout_ms: silence is told, with an item that is empty and costs what any other does', async () => {
  const limits = [{ name: 'audio_seconds', limit: 3600, remaining: 3000, resetSeconds: 600 }];
  const { socket, append, update } = setUp({ admission: toyAdmission('a', 3600, limits) });
  update({ turn_detection: { type: 'server_vad', idle_timeout_ms: 5000 } });
  append(pcm16([0.5, -0.6], 24_000));
  await turns();
  for (let i = 0; i < 60; i++) {
    append(pcm16([-0.1], 24_000));
    await turns(3);
  }
  const [timeout, ...more] = socket.ofType('input_audio_buffer.timeout_triggered') as Loose[];
  assert.equal(more.length, 0);
  const [startMs, endMs] = [Number(timeout!['audio_start_ms']), Number(timeout!['audio_end_ms'])];
  assert.ok(Math.abs(startMs - 1000) < 100, String(startMs));
  assert.ok(endMs - startMs >= 5000);
  const completed = socket.ofType(`${TRANSCRIPTION}.completed`) as Loose[];
  assert.deepEqual(
    completed.map((event) => event['transcript']),
    ['w0 W1', ''],
  );
  assert.equal(completed[1]!['item_id'], timeout!['item_id']);
  assert.equal(socket.ofType('rate_limits.updated').length, 2);
});

test('a slow reader gets the same text in fewer deltas', async () => {
  const { socket, append } = setUp();
  socket.bufferedAmount = 300 * 1024;
  append(pcm16([1.6], 24_000));
  await turns();
  assert.equal(socket.ofType(`${TRANSCRIPTION}.delta`).length, 0);
  socket.drain();
  append(pcm16([0.3, -0.6], 24_000));
  await turns();
  const deltas = (socket.ofType(`${TRANSCRIPTION}.delta`) as Loose[]).map((event) => event['delta']);
  assert.equal(deltas[0], 'w0 w1 w2 w3 w4');
  assert.equal(deltas.join(''), (socket.ofType(`${TRANSCRIPTION}.completed`)[0] as Loose)['transcript']);
});

test('a client that leaves frees its stream', async () => {
  const { socket, source, append, clock, closed } = setUp();
  append(pcm16([0.5], 24_000));
  await turns();
  assert.equal(source.open, 1);
  socket.leave(false);
  await turns();
  assert.equal(source.open, 0);
  assert.equal(closed(), 1);
  assert.equal(clock.pending, 0);
});

test('logprobs come where they were asked for and tokens can be spelled', async () => {
  const source = new ToyListener();
  const listen = source.listen.bind(source);
  source.listen = async function* (...args) {
    for await (const event of listen(...args)) {
      if (event.kind !== 'final') yield event;
      else {
        const best = {
          tokens: [65, 500, 66],
          tokenLogProbs: [-0.1, -9, -0.2, -0.3],
          recognizerLogProb: -1,
          ended: true,
          text: 'AB',
        };
        yield { ...event, result: { ...event.result, hypotheses: [best] } };
      }
    }
  };
  const pieces = { bytesOf: (id: number) => (id < 256 ? Uint8Array.of(id) : new Uint8Array(0)) };
  const { socket, append } = setUp({ source, rules: { ...RULES, hasLogprobs: true }, pieces: () => pieces });
  socket.text({
    type: 'session.update',
    session: { type: 'transcription', include: ['item.input_audio_transcription.logprobs'] },
  });
  append(pcm16([0.5, -0.6], 24_000));
  await turns();
  assert.deepEqual((socket.ofType(`${TRANSCRIPTION}.completed`)[0] as Loose)['logprobs'], [
    { token: 'A', logprob: -0.1, bytes: [65] },
    { token: 'B', logprob: -0.2, bytes: [66] },
  ]);
});

test('15 MiB of base64 in one event are taken, one character more is refused', () => {
  const { socket } = setUp({ limits: { stallMs: 1e9 } });
  const most = 15 * 1024 * 1024;
  socket.text({ type: 'input_audio_buffer.append', audio: 'A'.repeat(most + 4) });
  assert.equal(errorOf(socket.ofType('error')[0])['param'], 'audio');
  socket.text({ type: 'input_audio_buffer.append', audio: 'A'.repeat(most) });
  assert.equal(socket.ofType('error').length, 1);
  assert.equal(socket.isPaused, true);
});

test('more changes of settings than can wait are refused, and the session stays', async () => {
  const { socket, source, append, update } = setUp();
  source.gate = new Promise(() => undefined);
  for (let i = 0; i < 9; i++) {
    append(pcm16([0.1], 24_000));
    update({ turn_detection: { type: 'server_vad', threshold: 0.1 + i / 20 } });
  }
  const errors = socket.ofType('error').map(errorOf);
  assert.deepEqual(
    errors.map((error) => error['code']),
    ['overloaded', 'overloaded'],
  );
  assert.equal(socket.closedWith, undefined);
});

test('the service ends in the middle of an item: it is completed, then the error comes, and later events are not taken', async () => {
  const { socket, session, source, append, closed } = setUp();
  append(pcm16([0.6], 24_000));
  await turns();
  session.connection.finish(new AppError('shutting_down', 'The service is ending.'));
  append(pcm16([0.9], 24_000));
  socket.text({ type: 'no such event' });
  await turns();
  const [completed] = socket.ofType(`${TRANSCRIPTION}.completed`) as Loose[];
  assert.equal(completed!['transcript'], 'w0 w1 W2');
  assert.deepEqual(
    socket.ofType('error').map((event) => errorOf(event)['code']),
    ['shutting_down'],
  );
  assert.equal(socket.types.at(-1), 'error');
  assert.deepEqual(socket.closedWith, { code: 1001, reason: 'shutting_down' });
  assert.deepEqual([closed(), source.open], [1, 0]);
  const idle = setUp();
  idle.session.connection.finish(new AppError('shutting_down', 'The service is ending.'));
  assert.equal(idle.socket.closedWith?.code, 1001);
});
