import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { FairQueue, type Leave } from '../../../../services/server/fair-queue.ts';
import { RetryLater } from '../../../../services/server/retry-later.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const never = new AbortController().signal;

function toyQueue(limits: Partial<ConstructorParameters<typeof FairQueue>[0]> = {}) {
  const clock = new ManualClock();
  const queue = new FairQueue({ runningMax: 1, waitingMax: 10, waitingPerOwnerMax: 5, ...limits }, clock);
  return { clock, queue };
}

test('owners take turns, however many requests one of them sends', async () => {
  const { queue } = toyQueue();
  const order: string[] = [];
  let leave: Leave = await queue.enter('first', never);
  const served = ['a', 'a', 'a', 'b', 'c', 'b'].map((owner, i) =>
    queue.enter(owner, never).then((next) => {
      order.push(`${owner}${i}`);
      leave = next;
    }),
  );
  for (const _ of served) {
    leave();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(order, ['a0', 'b3', 'c4', 'a1', 'b5', 'a2']);
  leave();
  assert.deepEqual([queue.running, queue.waiting], [0, 0]);
});

test('n wait, n + 1 is refused; of one owner too, with another code', async () => {
  const { queue } = toyQueue({ waitingMax: 3, waitingPerOwnerMax: 2 });
  await queue.enter('a', never);
  void queue.enter('a', never);
  void queue.enter('a', never);
  await assert.rejects(queue.enter('a', never), (error: AppError) => error.code === 'rate_limited');
  void queue.enter('b', never);
  await assert.rejects(queue.enter('c', never), (error: AppError) => {
    return error.code === 'overloaded' && error instanceof RetryLater && error.retryAfterS >= 1;
  });
  assert.equal(queue.waiting, 3);
});

test('whoever gives up leaves no gap', async () => {
  const { queue } = toyQueue();
  const leave = await queue.enter('a', never);
  const controller = new AbortController();
  const gone = queue.enter('b', controller.signal);
  const next = queue.enter('c', never);
  controller.abort(new AppError('canceled', 'gone'));
  await assert.rejects(gone, (error: AppError) => error.code === 'canceled');
  assert.equal(queue.waiting, 1);
  leave();
  (await next)();
  assert.deepEqual([queue.running, queue.waiting], [0, 0]);
  await assert.rejects(queue.enter('b', controller.signal), (error: AppError) => error.code === 'canceled');
});

test('giving a slot back twice gives one slot back', async () => {
  const { queue } = toyQueue();
  const leave = await queue.enter('a', never);
  leave();
  leave();
  assert.equal(queue.running, 0);
  await queue.enter('a', never);
  assert.equal(queue.running, 1);
});

test('the estimate follows what requests really take', async () => {
  const { queue, clock } = toyQueue();
  const before = queue.waitS;
  for (let i = 0; i < 30; i++) {
    const leave = await queue.enter('a', never);
    clock.advance(60_000);
    leave();
  }
  assert.ok(queue.waitS > before);
  assert.ok(Math.abs(queue.waitS - 60) < 2, String(queue.waitS));
});
