import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, ERRORS, type ErrorCode } from '../../../../models/core/app-error.ts';
import { closeCodeOf, toldError } from '../../../../services/ws/close-code.ts';
import { Connection, type ConnectionLimits } from '../../../../services/ws/connection.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { ToySocket } from '../../../support/socket-pair.ts';

function setUp(limits: Partial<ConnectionLimits> = {}) {
  const socket = new ToySocket();
  const clock = new ManualClock();
  const received: (string | number)[] = [];
  const ended: (string | undefined)[] = [];
  let drained = 0;
  const connection = new Connection(
    socket,
    {
      text: (data) => {
        received.push(data);
        if (data === 'control') connection.countControl();
        if (data === 'throw') throw new Error('a bug');
      },
      binary: (data) => received.push(data.length),
      drained: () => drained++,
      tell: ({ code }) => JSON.stringify({ type: 'error', code }),
      closed: (error) => ended.push(error?.code),
    },
    clock,
    limits,
  );
  return { socket, clock, connection, received, ended, drained: () => drained };
}

test('2,000 messages in a second are taken, the next ends the connection; a new second begins anew', () => {
  const { socket, clock, received, ended } = setUp();
  for (let i = 0; i < 2000; i++) socket.binary(new Uint8Array(1));
  clock.advance(1000);
  for (let i = 0; i < 2000; i++) socket.binary(new Uint8Array(1));
  assert.equal(received.length, 4000);
  assert.equal(socket.closedWith, undefined);
  socket.binary(new Uint8Array(1));
  assert.deepEqual(socket.closedWith, { code: 1008, reason: 'rate_limited' });
  assert.deepEqual(socket.ofType('error'), [{ type: 'error', code: 'rate_limited' }]);
  assert.deepEqual(ended, ['rate_limited']);
  socket.binary(new Uint8Array(1));
  assert.equal(received.length, 4000);
});

test('50 messages that are no audio are taken in a second, the next ends the connection', () => {
  const { socket } = setUp();
  for (let i = 0; i < 50; i++) socket.text('control');
  assert.equal(socket.ofType('error').length, 0);
  socket.text('control');
  assert.deepEqual(socket.closedWith, { code: 1008, reason: 'rate_limited' });
});

test('a minute without a message ends the connection; one within it does not', () => {
  const { socket, clock } = setUp({ pingIntervalMs: 1e9 });
  clock.advance(59_999);
  socket.text('x');
  clock.advance(59_999);
  assert.equal(socket.closedWith, undefined);
  clock.advance(1);
  assert.deepEqual(socket.closedWith, { code: 1008, reason: 'request_timeout' });
  assert.equal(clock.pending, 0);
});

test('a session has its time', () => {
  const { socket, clock } = setUp({ sessionMs: 50_000, pingIntervalMs: 1e9 });
  clock.advance(49_999);
  assert.equal(socket.closedWith, undefined);
  clock.advance(1);
  assert.deepEqual(socket.closedWith, { code: 1013, reason: 'deadline_exceeded' });
});

test('who does not answer a ping is gone by the next one; one that is held cannot answer', () => {
  const { socket, clock, connection, ended } = setUp({ idleMs: 1e9 });
  clock.advance(20_000);
  socket.pong();
  clock.advance(20_000);
  connection.hold();
  clock.advance(20_000);
  assert.equal(socket.isTerminated, false);
  connection.release();
  clock.advance(20_000);
  assert.equal(socket.pings, 4);
  clock.advance(20_000);
  assert.equal(socket.isTerminated, true);
  assert.deepEqual(ended, ['peer_lost']);
  assert.equal(clock.pending, 0);
});

test('a held connection is not idle, and ends after its stall time', () => {
  const { socket, clock, connection } = setUp({ idleMs: 10, stallMs: 100 });
  connection.hold();
  clock.advance(99);
  connection.release();
  assert.equal(socket.isPaused, false);
  connection.hold();
  clock.advance(99);
  assert.equal(socket.closedWith, undefined);
  clock.advance(1);
  assert.deepEqual(socket.closedWith, { code: 1013, reason: 'overloaded' });
});

test('up to 4 MiB wait for a slow reader, a byte more ends its connection', () => {
  const { socket, connection, ended } = setUp();
  socket.bufferedAmount = 4 * 1024 * 1024;
  connection.send('a');
  assert.equal(socket.closedWith, undefined);
  socket.bufferedAmount++;
  connection.send('b');
  assert.deepEqual(socket.closedWith, { code: 1013, reason: 'overloaded' });
  // It would not read that either.
  assert.deepEqual(socket.sent, ['a']);
  assert.deepEqual(ended, ['overloaded']);
});

test('whoever saw congestion hears of its end, once', () => {
  const { socket, connection, drained } = setUp();
  socket.bufferedAmount = 256 * 1024;
  assert.equal(connection.congested, false);
  socket.bufferedAmount++;
  connection.send('a');
  assert.equal(connection.congested, true);
  socket.drain();
  assert.equal(drained(), 1);
  connection.send('b');
  socket.drain();
  assert.equal(drained(), 1);
});

test('a bug ends the connection as internal, and nothing of it is told', () => {
  const { socket } = setUp();
  socket.text('throw');
  assert.equal(socket.closedWith?.code, 1011);
});

test('the end is told once: by agreement, by us, by the client', () => {
  const agreed = setUp();
  agreed.connection.close(1000, 'end');
  agreed.socket.leave(true);
  agreed.socket.leave(true);
  assert.deepEqual(agreed.ended, [undefined]);
  const left = setUp();
  left.socket.leave(false);
  left.connection.fail(new AppError('internal', 'late'));
  assert.deepEqual(left.ended, ['peer_lost']);
  assert.equal(left.clock.pending, 0);
});

test('every error of the registry has a close code that says whether to come back', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const error = new AppError(code, 'x');
    const close = closeCodeOf(error);
    assert.ok([1000, 1001, 1008, 1011, 1013].includes(close), code);
    if (close === 1013) assert.equal(error.kind.retry, true, code);
    if (close === 1011) assert.equal(error.kind.retry, false, code);
  }
  assert.equal(closeCodeOf(new AppError('shutting_down', 'x')), 1001);
  assert.deepEqual(toldError(new AppError('disk_full', '/secret/x is full')), {
    code: 'disk_full',
    message: 'The service failed on this session (disk_full).',
    retry: true,
  });
});
