import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { SAMPLE_RATE_HZ } from '../../../../models/core/limits.ts';
import { LINE_WAIT_MS_MAX, REOPEN_MS, TAIL_SECONDS_MAX } from '../../../../services/supervisor/limits.ts';
import type { Listen, LiveEvent, LiveInput } from '../../../../services/supervisor/live-contract.ts';
import { resumableListen } from '../../../../services/supervisor/resumable-listen.ts';
import { SuspectLane } from '../../../../services/supervisor/suspect-lane.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { type ToyFate, ToyLines } from '../../../support/toy-lines.ts';
import { toyListen, toySpeech } from '../../../support/toy-listen.ts';

interface Heard {
  readonly events: LiveEvent[];
  readonly lines: ToyLines;
  readonly lane: SuspectLane;
  readonly done: Promise<unknown>;
}

function hear(
  input: AsyncIterable<LiveInput>,
  fates: readonly ToyFate[],
  more: {
    lane?: SuspectLane;
    listen?: Listen<undefined>;
    signal?: AbortSignal;
    lines?: ToyLines;
    clock?: ManualClock;
  } = {},
): Heard {
  const { lane = new SuspectLane(), listen = toyListen, signal = new AbortController().signal } = more;
  const lines = more.lines ?? new ToyLines(fates);
  const events: LiveEvent[] = [];
  const run = async () => {
    const clock = more.clock === undefined ? {} : { clock: more.clock };
    const stream = resumableListen({ lines, lane, open: lines.listen(listen), ...clock })(input, undefined, { signal });
    for await (const event of stream) events.push(event);
  };
  return { events, lines, lane, done: run() };
}

const finals = (events: readonly LiveEvent[], stage = 'fused') =>
  events.flatMap((event) => (event.kind === 'final' && event.stage === stage ? [event] : []));
const crash = (events: number): ToyFate => ({ events, loss: 'crash' });

test('two crashes on the same audio end the stream', async () => {
  const { done, lane } = hear(toySpeech(['never to be heard'], 4), [crash(2), crash(3)]);
  await assert.rejects(done, { code: 'input_crashes' });
  assert.equal(lane.suspects, 0);
});

test('two crashes with an utterance done between them do not', async () => {
  const { done, events, lane } = hear(toySpeech(['first', 'second'], 4), [crash(1), crash(7)]);
  await done;
  assert.deepEqual(
    finals(events).map(({ text }) => text),
    ['first.', 'second.'],
  );
  assert.equal(lane.suspects, 0);
});

test('where others crashed as well, a stream is tried a third time, alone', async () => {
  const lane = new SuspectLane();
  const other = lane.suspect();
  const leave = await lane.enter();
  const { done, events, lines } = hear(toySpeech(['heard at last'], 4), [crash(2), crash(2)], { lane });
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(lines.wishes.length, 2, 'it waits for its turn');
  leave();
  await done;
  assert.deepEqual(
    finals(events).map(({ text }) => text),
    ['heard at last.'],
  );
  other();
  assert.equal(lane.suspects, 0);
  (await lane.enter())();
});

test('on the standby fused finals are marked, and the stream changes back once an utterance is done', async () => {
  const lines = new ToyLines([{ events: 3, loss: 'crash' }, { degraded: true }]);
  const { done, events } = hear(toySpeech(['one two three', 'four', 'five'], 2), [], { lines });
  await done;
  assert.equal(lines.wishes.length, 3);
  assert.ok(lines.wishes.every(({ fusedWaitMs }) => fusedWaitMs === 0));
  assert.deepEqual(
    finals(events).map(({ utterance, text, degraded }) => [utterance, text, degraded]),
    [
      [0, 'one two three.', true],
      [1, 'four.', undefined],
      [2, 'five.', undefined],
    ],
  );
});

test('a stream stays on the standby while there is nothing better', async () => {
  const lines = new ToyLines([{ degraded: true }]);
  lines.fused = false;
  const { done, events } = hear(toySpeech(['one two three', 'four', 'five'], 2), [], { lines });
  await done;
  assert.equal(lines.wishes.length, 1);
  assert.deepEqual(
    finals(events).map(({ degraded }) => degraded),
    [true, true, true],
  );
});

const SUMMARY = {
  task: 'transcribe',
  language: 'en',
  languageProbability: 1,
  duration: 0,
  warnings: [],
  timings: { encodeMs: 0, recognizeMs: 0 },
} as const;

test('a replay that hears the committed words otherwise goes on after them', async () => {
  let runs = 0;
  const fickle: Listen<undefined> = async function* (input, options, call) {
    const other = runs++ > 0;
    async function* changed() {
      for await (const item of input) {
        const swap = (sample: number) =>
          other && sample === 'c'.charCodeAt(0) / 128 ? 'k'.charCodeAt(0) / 128 : sample;
        yield typeof item === 'string' ? item : item.map(swap);
      }
    }
    return yield* toyListen(changed(), options, call);
  };
  const { done, events, lines } = hear(toySpeech(['call me captain'], 3), [crash(4)], { listen: fickle });
  await done;
  // This listener makes nothing of what it is told.
  assert.deepEqual(
    lines.resumptions.map(({ committed }) => committed.map(({ text }) => text)),
    [[], ['call me c']],
  );
  const [final] = finals(events);
  assert.equal(final!.committed, 'call me captain'.slice(0, 9));
  assert.equal(final!.text, 'call me captain.');
});

test('marks of the caller are replayed where they ended an utterance, and answered once', async () => {
  async function* input(): AsyncGenerator<LiveInput> {
    yield 'commit';
    for await (const chunk of toySpeech(['a turn'], 100)) yield chunk.slice(0, 6);
    yield 'commit';
    for await (const chunk of toySpeech(['dropped'], 100)) yield chunk.slice(0, 7);
    yield 'clear';
    for await (const chunk of toySpeech(['the last'], 100)) yield chunk;
  }
  for (let events = 0; events < 14; events++) {
    const heard = hear(input(), [{ events, loss: 'replaced' }]);
    await heard.done;
    const kinds = heard.events.map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === 'commit-empty').length, 1, `after ${events} events`);
    assert.equal(kinds.filter((kind) => kind === 'cleared').length, 1, `after ${events} events`);
    assert.deepEqual(
      finals(heard.events).map(({ utterance, text }) => [utterance, text]),
      [
        [0, 'a turn.'],
        [2, 'the last.'],
      ],
      `after ${events} events`,
    );
  }
});

test('what was cleared is not heard again, though the utterance before it is replayed', async () => {
  async function* input(): AsyncGenerator<LiveInput> {
    for await (const chunk of toySpeech(['a turn', 'dropped'], 5)) yield chunk;
    for await (const chunk of toySpeech(['dropped too'], 100)) yield chunk.slice(0, 11);
    yield 'clear';
    for await (const chunk of toySpeech(['the last'], 100)) yield chunk;
  }
  // Fused finals are late: whatever was said is replayed.
  const late: Listen<undefined> = async function* (source, options, call) {
    const fused: LiveEvent[] = [];
    for await (const event of toyListen(source, options, call)) {
      if (event.kind === 'final' && event.stage === 'fused') fused.push(event);
      else yield event;
    }
    yield* fused;
    return SUMMARY;
  };
  const whole = hear(input(), [], { listen: late });
  await whole.done;
  for (let events = 0; events < whole.events.length; events++) {
    const heard = hear(input(), [{ events, loss: 'replaced' }], { listen: late });
    await heard.done;
    const [kinds, wanted] = [heard, whole].map((one) => one.events.map(({ kind }) => kind).sort());
    assert.deepEqual(
      kinds!.filter((kind) => kind !== 'partial'),
      wanted!.filter((kind) => kind !== 'partial'),
      `after ${events} events`,
    );
    assert.deepEqual(
      finals(heard.events).map(({ utterance, text }) => [utterance, text]),
      finals(whole.events).map(({ utterance, text }) => [utterance, text]),
      `after ${events} events`,
    );
  }
});

test('an utterance that no replay finds again ends with what was told of it', async () => {
  let runs = 0;
  const deaf: Listen<undefined> = async function* (input, options, call) {
    if (runs++ === 0) return yield* toyListen(input, options, call);
    for await (const _ of input);
    return SUMMARY;
  };
  const { done, events } = hear(toySpeech(['call me ishmael'], 3), [crash(4)], { listen: deaf });
  await done;
  assert.deepEqual(
    events.slice(-3).map((event) => (event.kind === 'final' ? [event.stage, event.text, event.degraded] : event.kind)),
    ['speech-end', ['recognized', 'call me iSHM', undefined], ['fused', 'call me iSHM', true]],
  );
});

test('a stream that goes on waits for room on the next process; one that begins does not', async () => {
  const full: ToyFate = { events: 0, error: new AppError('overloaded', 'no room for one more') };
  const clock = new ManualClock();
  const { done, events, lines } = hear(toySpeech(['a text'], 4), [crash(2), full, full], { clock });
  for (const tries of [2, 3, 4]) {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(lines.wishes.length, tries);
    clock.advance(REOPEN_MS);
  }
  await done;
  assert.deepEqual(
    finals(events).map(({ text }) => text),
    ['a text.'],
  );
  await assert.rejects(hear(toySpeech(['a text'], 4), [full]).done, { code: 'overloaded' });
  const lagging: ToyFate = { events: 2, error: new AppError('overloaded', 'it lags too far') };
  await assert.rejects(hear(toySpeech(['a text'], 4), [crash(1), lagging]).done, { code: 'overloaded' });
});

test('a stream is a newcomer until a process has taken it', async () => {
  const full: ToyFate = { events: 0, error: new AppError('overloaded', 'no room for one more') };
  const { done, lines } = hear(toySpeech(['first', 'second'], 4), [crash(2), crash(7)]);
  await done;
  assert.deepEqual(
    lines.resumptions.map(({ returning }) => returning),
    [false, true, true],
  );
  const refused = hear(toySpeech(['a text'], 4), [full]);
  await assert.rejects(refused.done, { code: 'overloaded' });
  assert.deepEqual(
    refused.lines.resumptions.map(({ returning }) => returning),
    [false],
  );
});

test('a stream that changes back to the language model and finds no room there waits for it', async () => {
  const full: ToyFate = { events: 0, error: new AppError('overloaded', 'no room for one more') };
  const clock = new ManualClock();
  const lines = new ToyLines([{ degraded: true }, full]);
  const { done, events } = hear(toySpeech(['first', 'second'], 4), [], { lines, clock });
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(REOPEN_MS);
  await done;
  assert.deepEqual(
    lines.resumptions.map(({ returning }) => returning),
    [false, true, true],
  );
  assert.deepEqual(
    finals(events).map(({ text, degraded }) => [text, degraded]),
    [
      ['first.', true],
      ['second.', undefined],
    ],
  );
});

test('a stream does not wait for room without end', async () => {
  const full: ToyFate = { events: 0, error: new AppError('overloaded', 'no room for one more') };
  const clock = new ManualClock();
  const fates = [crash(2), ...Array<ToyFate>(100).fill(full)];
  const { done, lines } = hear(toySpeech(['a text'], 4), fates, { clock });
  const over = assert.rejects(done, { code: 'overloaded' });
  for (let ms = 0; ms <= LINE_WAIT_MS_MAX; ms += REOPEN_MS) {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(REOPEN_MS);
  }
  await over;
  assert.equal(lines.wishes.length, 2 + LINE_WAIT_MS_MAX / REOPEN_MS);
});

test("the caller's own failure and abort pass as they are", async () => {
  async function* broken(): AsyncGenerator<Float32Array> {
    yield new Float32Array(4);
    throw new RangeError('the microphone is gone');
  }
  const { done, lines } = hear(broken(), []);
  await assert.rejects(done, RangeError);
  assert.equal(lines.wishes.length, 1);
  const stop = new AbortController();
  stop.abort(new AppError('canceled', 'enough'));
  await assert.rejects(hear(toySpeech(['text'], 4), [], { signal: stop.signal }).done, { code: 'canceled' });
});

test('a listener that brings no utterance to its end is given so much audio and no more', async () => {
  let seconds = 0;
  async function* endless(): AsyncGenerator<Float32Array> {
    for (;;) {
      seconds++;
      yield new Float32Array(SAMPLE_RATE_HZ).fill(0.5);
    }
  }
  const stuck: Listen<undefined> = async function* (input) {
    yield { kind: 'speech-start', utterance: 0, startS: 0 };
    for await (const _ of input);
    return SUMMARY;
  };
  const stop = new AbortController();
  const { done } = hear(endless(), [], { listen: stuck, signal: stop.signal });
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(seconds, TAIL_SECONDS_MAX);
  void done.catch(() => undefined);
});
