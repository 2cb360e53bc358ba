import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GrowingText } from '../../services/http/growing-text.ts';
import { FairQueue, type Leave } from '../../services/server/fair-queue.ts';
import { ManualClock } from '../support/manual-clock.ts';

const SEED = 11;

/** What happens to the queue: somebody comes, somebody is done, somebody who waits gives up. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('enter' as const), owner: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ kind: fc.constant('leave' as const), at: fc.nat(20) }),
  fc.record({ kind: fc.constant('abort' as const), at: fc.nat(20) }),
);

test('whatever happens: never more than may run, none waits while a slot is free, and all are served in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), async (steps, runningMax) => {
      const queue = new FairQueue({ runningMax, waitingMax: 5, waitingPerOwnerMax: 3 }, new ManualClock());
      const running: Leave[] = [];
      const waiting: AbortController[] = [];
      let open = 0;
      const settle = () => new Promise((resolve) => setImmediate(resolve));
      for (const one of steps) {
        if (one.kind === 'enter') {
          const controller = new AbortController();
          open++;
          waiting.push(controller);
          const gone = (): void => void waiting.splice(waiting.indexOf(controller), 1);
          queue.enter(one.owner, controller.signal).then(
            (leave) => {
              gone();
              running.push(leave);
            },
            () => {
              gone();
              open--;
            },
          );
        } else if (one.kind === 'leave' && running.length > 0) {
          running.splice(one.at % running.length, 1)[0]!();
          open--;
        } else if (one.kind === 'abort' && waiting.length > 0) waiting[one.at % waiting.length]!.abort();
        await settle();
        assert.ok(queue.running <= runningMax);
        assert.ok(queue.waiting <= 5);
        assert.equal(queue.running, running.length);
        assert.equal(queue.running + queue.waiting, open);
        if (queue.waiting > 0) assert.equal(queue.running, runningMax);
      }
      for (; open > 0; open--) {
        assert.ok(running.length > 0, 'somebody waits who is never served');
        running.pop()!();
        await settle();
      }
      assert.deepEqual([queue.running, queue.waiting], [0, 0]);
    }),
    { seed: SEED, numRuns: 150 },
  );
});

test('deltas add up to the trimmed text, however it is cut', () => {
  const piece = fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom(' ', '\n', '', ' 你 ', 'ğ'));
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = new GrowingText();
      assert.equal(pieces.map((one) => text.add(one)).join(''), pieces.join('').trim());
    }),
    { seed: SEED, numRuns: 500 },
  );
});
