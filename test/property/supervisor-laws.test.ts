import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../models/core/app-error.ts';
import {
  CLOSE_MS_MAX,
  KILL_MS_MAX,
  RESTART_WINDOW_MS,
  RESTARTS_MAX,
  TERMINATE_MS_MAX,
} from '../../services/supervisor/limits.ts';
import { Supervisor, type SupervisorEvent } from '../../services/supervisor/supervisor.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ToyNursery } from '../support/toy-child.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What may happen next to a supervisor and its child, in any order. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'ready' } as const) },
  { weight: 4, arbitrary: fc.constant({ kind: 'crash' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'corrupt' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'starved' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'recycle' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'settle' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'deaf' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'grow' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'refuse' } as const) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 70_000 }) }) },
);

test('whatever happens when: one living child at most, every exit told, a bounded rate of births, and stop ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 5000 }), async (steps, drainMs) => {
      const clock = new ManualClock();
      const nursery = new ToyNursery();
      const births: number[] = [];
      const told: SupervisorEvent[] = [];
      const supervisor = new Supervisor({
        role: 'toy',
        clock,
        policy: { memoryBytesMax: 1000 },
        spawn: (events, generation) => {
          births.push(clock.nowMs());
          return nursery.spawn(events, generation);
        },
        onEvent: (event) => told.push(event),
      });
      supervisor.start();
      for (const next of steps) {
        const child = nursery.children.at(-1);
        if (next.kind === 'wait') clock.advance(next.ms);
        else if (next.kind === 'recycle') supervisor.recycle('a test');
        else if (next.kind === 'settle') nursery.settle();
        else if (next.kind === 'refuse') nursery.refuses = nursery.refuses ? undefined : new Error('spawn EAGAIN');
        else if (next.kind === 'ready') child?.ready();
        else if (next.kind === 'crash') child?.exit();
        else if (next.kind === 'corrupt') child?.failToLoad(new AppError('model_corrupt', 'broken'));
        else if (next.kind === 'starved') child?.failToLoad(new AppError('memory_low', 'no memory'));
        else if (child !== undefined && next.kind === 'deaf') child.obeys = ['kill'];
        else if (child !== undefined && next.kind === 'grow') child.bytes = 2000;
        await turn();
        assert.ok(nursery.livingMost <= 1, 'two children lived at once');
        assert.equal(told.filter(({ kind }) => kind === 'exited').length, nursery.exits, 'an exit was not told');
      }
      // Crashes alone are bounded: with those in order, a child lives through a drain at least.
      const recycles = told.filter(({ kind }) => kind === 'recycle').length;
      for (const birthMs of births) {
        const near = births.filter((ms) => ms >= birthMs && ms < birthMs + RESTART_WINDOW_MS).length;
        assert.ok(near <= RESTARTS_MAX + 2 + recycles, `${near} births in a minute`);
      }
      const born = births.length;
      const stop = supervisor.stop(drainMs);
      await turn();
      // In any case within the stated time, even if nothing obeys.
      for (const ms of [drainMs, CLOSE_MS_MAX, TERMINATE_MS_MAX, KILL_MS_MAX]) {
        clock.advance(ms);
        await turn();
        if (nursery.last?.obeys.length === 3) nursery.settle();
      }
      await stop;
      clock.advance(1e9);
      assert.equal(births.length, born, 'a child was born after the stop');
      assert.equal(supervisor.state, 'stopped');
    }),
    { seed: 20_261_125, numRuns: 400 },
  );
});
