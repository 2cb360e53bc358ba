import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppError } from '../../../../models/core/app-error.ts';
import { WorkRoom } from '../../../../services/server/work-room.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

function toyRoom() {
  const clock = new ManualClock();
  return { clock, room: new WorkRoom({ requestsMax: 2, deadlineMsMax: 10_000, drainMsMax: 1000 }, clock) };
}

test('work ends when it is answered and nothing is held for it any more', async () => {
  const { room } = toyRoom();
  const work = room.open('a');
  let release = (): void => {};
  const held = work.hold(
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  work.end();
  assert.equal(room.size, 1);
  release();
  await held;
  assert.equal(room.size, 0);
});

test('a deadline can be shortened and not lengthened', () => {
  const { room, clock } = toyRoom();
  const work = room.open('a');
  work.limitTo(20_000);
  work.limitTo(500);
  work.limitTo(900);
  clock.advance(499);
  assert.equal(work.signal.aborted, false);
  clock.advance(1);
  assert.equal((work.signal.reason as AppError).code, 'deadline_exceeded');
});

test('a deadline that passes says the time that was asked for, not what was left of it', () => {
  const { room, clock } = toyRoom();
  const work = room.open('a');
  clock.advance(300);
  work.limitTo(1500);
  clock.advance(1200);
  assert.match((work.signal.reason as AppError).message, /deadline of 1500 ms/);
});

test('a deadline that has passed already aborts at once', () => {
  const { room, clock } = toyRoom();
  const work = room.open('a');
  clock.advance(600);
  work.limitTo(500);
  assert.ok(work.signal.aborted);
});

test('every request has the service’s own deadline', () => {
  const { room, clock } = toyRoom();
  const work = room.open('a');
  clock.advance(10_000);
  assert.equal((work.signal.reason as AppError).code, 'deadline_exceeded');
});

test('draining resolves even where work does not listen', async () => {
  const { room, clock } = toyRoom();
  const deaf = room.open('a');
  const drained = room.drain();
  clock.advance(1000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal((deaf.signal.reason as AppError).code, 'shutting_down');
  clock.advance(3000);
  await drained;
  assert.throws(
    () => room.open('b'),
    (error: AppError) => error.code === 'shutting_down',
  );
});

test('nothing ticks once all work is ended', () => {
  const { room, clock } = toyRoom();
  const work = room.open('a');
  work.end();
  work.end();
  assert.equal(clock.pending, 0);
});
