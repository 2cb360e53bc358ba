import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdmissionWatch } from '../../../../services/ws/admission-watch.ts';
import { SessionRoom } from '../../../../services/ws/session-room.ts';
import { enterStream } from '../../../../services/ws/stream-entry.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { ToySocket, turns } from '../../../support/socket-pair.ts';
import { toyAdmission } from '../../../support/toy-gate.ts';
import { pcm16, ToyListener } from '../../../support/toy-listener.ts';
import { toyRecords } from '../../../support/toy-record.ts';

const START = { type: 'start', audio: { format: 'pcm16', rate: 16_000 } };

function setUp(logText = false) {
  const source = new ToyListener();
  const clock = new ManualClock();
  const room = new SessionRoom();
  const records = toyRecords(clock, logText);
  const begin = async (start: object = START) => {
    const socket = new ToySocket();
    const record = records.record();
    const connection = enterStream(socket, {
      source,
      facts: () => ({ recognizer: 'toy', llm: null, device: 'cpu' }),
      room,
      watch: new AdmissionWatch(clock),
      clock,
      record,
      admit: async () => toyAdmission('phone'),
      closed: () => record.disconnected(connection.closeCode, connection.failure),
    });
    socket.text(start);
    await turns(3);
    return socket;
  };
  const figures = async (...wanted: string[]) => {
    const text = await records.metrics.text();
    for (const line of wanted) assert.ok(text.split('\n').includes(line), `${line} in\n${text}`);
  };
  return { source, clock, room, begin, figures, lines: records.lines };
}

test('times of live speech are counted from when its audio came; one line tells of the session, without text', async () => {
  for (const logText of [false, true]) {
    const { source, clock, begin, figures, lines } = setUp(logText);
    const socket = await begin();
    await figures('bytefuse_sockets_open{route="/v1/stream"} 1');
    socket.binary(pcm16([0.2], 16_000));
    clock.advance(300);
    // The first word is complete: its partial comes with the audio that completes it, and lags by nothing.
    socket.binary(pcm16([0.1], 16_000));
    await turns();
    let release: () => void = () => undefined;
    source.gate = new Promise((resolve) => {
      release = resolve;
    });
    socket.binary(pcm16([-0.5], 16_000));
    clock.advance(400);
    release();
    await turns();
    await figures(
      'bytefuse_live_seconds_sum{stage="first_partial"} 0.3',
      'bytefuse_live_seconds_count{stage="first_partial"} 1',
      'bytefuse_live_seconds_sum{stage="lag"} 0',
      'bytefuse_live_seconds_count{stage="lag"} 1',
      'bytefuse_live_seconds_sum{stage="recognized_final"} 0.4',
      'bytefuse_live_seconds_count{stage="recognized_final"} 1',
      'bytefuse_live_seconds_sum{stage="fused_final"} 0.4',
      'bytefuse_audio_seconds_total 0.8',
    );
    assert.equal(lines.length, 0);
    socket.leave(true);
    await turns();
    const { session, ...line } = lines[0]!;
    assert.match(String(session), /^s_[0-9a-f]{12}$/);
    assert.deepEqual(line, {
      level: 'info',
      msg: 'session',
      requestId: 'r1',
      route: '/v1/stream',
      key: 'phone',
      closeCode: 1000,
      ms: 700,
      audioSeconds: 0.8,
      utterances: 1,
      firstPartialMs: 300,
      code: undefined,
      ...(logText ? { text: 'w0 W1' } : {}),
    });
    assert.equal(lines.length, 1);
    await figures(
      'bytefuse_sockets_open{route="/v1/stream"} 0',
      'bytefuse_socket_closes_total{route="/v1/stream",close_code="1000"} 1',
    );
  }
});

test('a session that changes its connection has one line, at its end; one that is given up as well', async () => {
  const { begin, lines, room, figures } = setUp();
  const first = await begin();
  const { resumeToken: token } = first.events[0]!;
  first.leave(false);
  await turns();
  assert.equal(lines.length, 0);
  const second = await begin({ type: 'start', resume: { token, seq: 1 } });
  second.text({ type: 'end' });
  await turns();
  second.leave(true);
  await turns();
  assert.deepEqual(
    lines.map(({ requestId, closeCode }) => [requestId, closeCode]),
    [['r2', 1000]],
  );
  const third = await begin();
  third.leave(false);
  room.giveUpParked();
  await turns();
  assert.deepEqual([lines.length, lines[1]!['requestId'], lines[1]!['closeCode']], [2, 'r3', 1006]);
  await figures('bytefuse_socket_closes_total{route="/v1/stream",close_code="1006"} 2');
});

test('a session that fails names its error and counts it; a bug of ours stands out', async () => {
  const { begin, source, lines, figures } = setUp();
  const wrong = await begin();
  wrong.text('garbage');
  source.failure = { afterS: 0, error: new Error('a bug') };
  const broken = await begin();
  broken.binary(pcm16([0.1], 16_000));
  await turns();
  assert.deepEqual(
    lines.map(({ level, code, closeCode }) => [level, code, closeCode]),
    [
      ['info', 'invalid_option', 1008],
      ['error', 'internal', 1011],
    ],
  );
  await figures('bytefuse_errors_total{code="internal"} 1', 'bytefuse_errors_total{code="invalid_option"} 1');
});
