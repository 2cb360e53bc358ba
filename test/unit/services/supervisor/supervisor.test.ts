import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import {
  CLOSE_MS_MAX,
  COOL_DOWN_MS,
  KILL_MS_MAX,
  MEMORY_AGE_MS_MIN,
  MEMORY_CHECK_MS,
  RESTARTS_MAX,
  START_MS_MAX,
  STEADY_MS,
  TERMINATE_MS_MAX,
} from '../../../../services/supervisor/limits.ts';
import { type RestartPolicy, Supervisor, type SupervisorEvent } from '../../../../services/supervisor/supervisor.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { ToyNursery } from '../../../support/toy-child.ts';

function setUp(policy: Partial<RestartPolicy> = {}, whenIdle?: () => Promise<void>) {
  const clock = new ManualClock();
  const nursery = new ToyNursery();
  const events: SupervisorEvent[] = [];
  const supervisor = new Supervisor({
    role: 'toy',
    spawn: nursery.spawn,
    onEvent: (event) => events.push(event),
    policy,
    whenIdle,
    clock,
  });
  const states = () => events.flatMap((event) => (event.kind === 'state' ? [event.state] : []));
  const delays = () => events.flatMap((event) => (event.kind === 'backoff' ? [event.delayMs] : []));
  return { clock, nursery, events, supervisor, states, delays };
}

/** Lets promises that are settled be heard. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('a child that crashes is replaced, each time after twice the wait while none was steady', () => {
  const { clock, nursery, supervisor, states, delays } = setUp({ restartsMax: 100 });
  supervisor.start();
  nursery.last.ready();
  assert.equal(supervisor.url, 'ws+unix:/toy/1:/');
  for (let crash = 0; crash < 9; crash++) {
    nursery.last.exit();
    assert.equal(supervisor.url, undefined);
    const born = nursery.children.length;
    clock.advance(delays().at(-1)! - 1);
    assert.equal(nursery.children.length, born);
    clock.advance(1);
    assert.equal(nursery.children.length, born + 1);
    nursery.last.ready();
  }
  assert.deepEqual(delays(), [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  assert.deepEqual(states().slice(0, 4), ['starting', 'ready', 'restarting', 'ready']);
  clock.advance(STEADY_MS);
  nursery.last.exit();
  assert.equal(delays().at(-1), 100);
});

test('one crash more than the budget of a minute fails the role; it is tried again after the cool-down', () => {
  const { clock, nursery, supervisor, states } = setUp();
  supervisor.start();
  nursery.last.ready();
  for (let crash = 1; crash <= RESTARTS_MAX; crash++) {
    nursery.last.exit();
    clock.advance(5000);
    nursery.last.ready();
    assert.equal(supervisor.state, 'ready', `crash ${crash}`);
  }
  nursery.last.exit({ code: null, signal: 'SIGBUS' });
  assert.equal(supervisor.state, 'failed');
  assert.equal(supervisor.error?.code, 'peer_lost');
  assert.match(supervisor.error!.message, /signal SIGBUS/);
  clock.advance(COOL_DOWN_MS - 1);
  assert.equal(supervisor.state, 'failed');
  clock.advance(1);
  nursery.last.ready();
  assert.deepEqual(states().slice(-3), ['failed', 'restarting', 'ready']);
});

test('crashes that lie far apart never fail the role', () => {
  const { clock, nursery, supervisor, states } = setUp();
  supervisor.start();
  for (let crash = 0; crash < 4 * RESTARTS_MAX; crash++) {
    nursery.last.ready();
    clock.advance(30_000);
    nursery.last.exit();
    clock.advance(10_000);
  }
  assert.ok(!states().includes('failed'));
});

test('a model that cannot be loaded fails the role with its own error and is not tried again', () => {
  const { clock, nursery, supervisor } = setUp();
  supervisor.start();
  nursery.last.failToLoad(new AppError('model_corrupt', 'a file is broken'));
  nursery.last.exit({ code: 4, signal: null });
  assert.equal(supervisor.state, 'failed');
  assert.equal(supervisor.error?.code, 'model_corrupt');
  clock.advance(10 * COOL_DOWN_MS);
  assert.equal(nursery.children.length, 1);
});

test('a model that cannot be loaded for want of memory is tried again', () => {
  const { clock, nursery, supervisor } = setUp();
  supervisor.start();
  nursery.last.failToLoad(new AppError('memory_low', 'too little memory'));
  nursery.last.exit({ code: 4, signal: null });
  assert.equal(supervisor.state, 'starting');
  clock.advance(100);
  assert.equal(nursery.children.length, 2);
});

test('a process that cannot be started at all counts as a crash', () => {
  const { clock, nursery, supervisor } = setUp();
  nursery.refuses = new Error('spawn EAGAIN');
  supervisor.start();
  assert.equal(supervisor.state, 'starting');
  nursery.refuses = undefined;
  clock.advance(100);
  nursery.last.ready();
  assert.equal(supervisor.state, 'ready');
});

test('a child that is never ready is killed', () => {
  const { clock, nursery, supervisor } = setUp();
  supervisor.start();
  clock.advance(START_MS_MAX - 1);
  assert.deepEqual(nursery.last.orders, []);
  clock.advance(1);
  assert.deepEqual(nursery.last.orders, ['kill']);
});

test('a child that holds too much memory is replaced, once it is old enough', async () => {
  const { clock, nursery, supervisor, events } = setUp({ memoryBytesMax: 1000 });
  supervisor.start();
  nursery.last.ready();
  nursery.last.bytes = 1001;
  for (let ms = 0; ms < MEMORY_AGE_MS_MIN - MEMORY_CHECK_MS; ms += MEMORY_CHECK_MS) {
    clock.advance(MEMORY_CHECK_MS);
    await turn();
  }
  assert.deepEqual(nursery.last.orders, []);
  clock.advance(MEMORY_CHECK_MS);
  await turn();
  assert.deepEqual(nursery.last.orders, ['close']);
  assert.equal(supervisor.state, 'restarting');
  nursery.settle();
  assert.equal(nursery.children.length, 2);
  assert.deepEqual(
    events.flatMap((event) => (event.kind === 'exited' ? [event.crash] : [])),
    [false],
  );
});

test('a child that holds just what it may stays', async () => {
  const { clock, nursery, supervisor } = setUp({ memoryBytesMax: 1000 });
  supervisor.start();
  nursery.last.ready();
  nursery.last.bytes = 1000;
  for (let i = 0; i < 30; i++) {
    clock.advance(MEMORY_CHECK_MS);
    await turn();
  }
  assert.deepEqual(nursery.last.orders, []);
});

test('a child is replaced at the end of its life', () => {
  const { clock, nursery, supervisor } = setUp({ lifetimeMsMax: 7000, drainMsMax: 0 });
  supervisor.start();
  nursery.last.ready();
  clock.advance(7000);
  nursery.settle();
  assert.equal(nursery.children.length, 2);
  assert.equal(supervisor.state, 'restarting');
});

test('a replacement waits for what is under way, and no longer than it may', async () => {
  let idle: () => void = () => undefined;
  const whenIdle = () =>
    new Promise<void>((resolve) => {
      idle = resolve;
    });
  const { clock, nursery, supervisor } = setUp({ drainMsMax: 500 }, whenIdle);
  supervisor.start();
  nursery.last.ready();
  supervisor.recycle('a test');
  await turn();
  assert.deepEqual(nursery.last.orders, []);
  idle();
  await turn();
  assert.deepEqual(nursery.last.orders, ['close']);
  nursery.settle();
  nursery.last.ready();
  supervisor.recycle('a test');
  clock.advance(499);
  await turn();
  assert.deepEqual(nursery.last.orders, []);
  clock.advance(1);
  assert.deepEqual(nursery.last.orders, ['close']);
});

test('a crash while a replacement waits counts as a crash', () => {
  const { nursery, supervisor, events, delays } = setUp({}, () => new Promise(() => undefined));
  supervisor.start();
  nursery.last.ready();
  supervisor.recycle('a test');
  nursery.last.exit();
  assert.deepEqual(
    events.flatMap((event) => (event.kind === 'exited' ? [event.crash] : [])),
    [true],
  );
  assert.deepEqual(delays(), [100]);
});

test('stop asks, then sends SIGTERM, then SIGKILL, and at last gives up', async () => {
  const { clock, nursery, supervisor } = setUp();
  supervisor.start();
  nursery.last.ready();
  nursery.last.obeys = [];
  let stopped = false;
  const stop = supervisor.stop();
  void stop.then(() => {
    stopped = true;
  });
  assert.equal(supervisor.stop(), stop);
  assert.equal(supervisor.state, 'stopping');
  assert.deepEqual(nursery.last.orders, ['close']);
  clock.advance(CLOSE_MS_MAX);
  assert.deepEqual(nursery.last.orders, ['close', 'terminate']);
  clock.advance(TERMINATE_MS_MAX);
  assert.deepEqual(nursery.last.orders, ['close', 'terminate', 'kill']);
  await turn();
  assert.equal(stopped, false);
  clock.advance(KILL_MS_MAX);
  await stop;
  assert.equal(supervisor.state, 'stopped');
});

test('stop between two children ends at once, and no child is born afterwards', async () => {
  const { clock, nursery, supervisor } = setUp();
  supervisor.start();
  nursery.last.exit();
  await supervisor.stop();
  clock.advance(10 * COOL_DOWN_MS);
  assert.equal(nursery.children.length, 1);
  assert.equal(clock.pending, 0);
});

test('stop drains what is under way before it asks', async () => {
  const { clock, nursery, supervisor } = setUp({}, () => new Promise(() => undefined));
  supervisor.start();
  nursery.last.ready();
  const stop = supervisor.stop(2000);
  clock.advance(1999);
  assert.deepEqual(nursery.last.orders, []);
  clock.advance(1);
  assert.deepEqual(nursery.last.orders, ['close']);
  nursery.settle();
  await stop;
});
