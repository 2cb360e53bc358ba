import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LiveEvent } from '../../models/core/live.ts';
import { defaultListenOptions as LISTEN_OPTIONS } from '../../models/whisper/listen-defaults.ts';
import type { EngineCall } from '../../services/app/engine.ts';
import { type SupervisedEngine, startSupervisedEngine } from '../../services/supervisor/supervised-engine.ts';
import type { SupervisorEvent } from '../../services/supervisor/supervisor.ts';
import { toySpeech } from '../support/toy-listen.ts';
import { TOY_READ_OPTIONS, toyPage } from '../support/toy-pages.ts';
import { TOY_OPTIONS, toyAudio } from '../support/toy-recognizer.ts';
import type { ToyConfig } from '../support/toy-recognizer-module.ts';

const TEXT = 'call me ishmael. some years ago, never mind how long precisely';
const MODULE = new URL('../support/toy-recognizer-module.js', import.meta.url).href;
const HELPER = fileURLToPath(new URL('../support/supervised-process.js', import.meta.url));
const FACTS = { recognizer: 'toy', pages: 'toy', llm: 'toy', device: 'cpu', threads: 1 };
/** Far above what anything here takes: only what hangs is cut off. */
const WAIT_MS_MAX = 60_000;

let runtimeDirectory: string;
before(async () => {
  // Sockets of these tests lie where nothing else does, so that what stays behind is seen.
  runtimeDirectory = await mkdtemp(join(tmpdir(), 'bf-test-'));
  process.env['XDG_RUNTIME_DIR'] = runtimeDirectory;
});
after(() => rm(runtimeDirectory, { recursive: true }));

interface Running {
  readonly engine: SupervisedEngine;
  readonly events: SupervisorEvent[];
  pidOf(role: string): number;
}

async function running(
  body: (running: Running) => Promise<void>,
  configs: { speech?: ToyConfig; page?: ToyConfig; search?: ToyConfig; standby?: ToyConfig } = {},
): Promise<void> {
  const events: SupervisorEvent[] = [];
  const toy = (config: ToyConfig = {}) => ({ url: MODULE, config });
  const engine = await startSupervisedEngine({
    facts: FACTS,
    recognizers: { speech: toy(configs.speech), page: toy({ pages: true, ...configs.page }) },
    search: toy(configs.search),
    ...(configs.standby === undefined ? {} : { standby: toy(configs.standby) }),
    onEvent: (event) => events.push(event),
  });
  try {
    const pidOf = (role: string) => engine.fleet.report.find((part) => part.role === role)!.pid!;
    await body({ engine, events, pidOf });
  } finally {
    await engine.close();
  }
}

/** Calls over audio that can be had again; `units` counts what was heard of. */
function repeatable(text: string) {
  const heard: string[] = [];
  const call: EngineCall = {
    signal: new AbortController().signal,
    onPartial: (unit) => heard.push(unit.segments[0]!.text),
    repeatable: { again: () => toyAudio(text), identity: async () => text },
  };
  return { heard, call };
}

const streamCall = (): EngineCall => ({ signal: new AbortController().signal, onPartial: () => undefined });

async function until(what: string, condition: () => boolean, msMax = WAIT_MS_MAX): Promise<number> {
  const startMs = performance.now();
  while (!condition()) {
    assert.ok(performance.now() - startMs < msMax, `${what} took more than ${msMax} ms`);
    await setTimeout(5);
  }
  return performance.now() - startMs;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

for (const victim of ['speech', 'combiner']) {
  test(`ten transcriptions survive a kill -9 of the ${victim} process in the middle, each unit told once`, async () => {
    await running(
      async ({ engine, pidOf, events }) => {
        const texts = Array.from({ length: 10 }, (_, i) => `${i} ${TEXT}`.slice(0, 20 + 4 * i).trim());
        const calls = texts.map(repeatable);
        const results = texts.map((text, i) => engine.transcribe(toyAudio(text), TOY_OPTIONS, calls[i]!.call));
        await until('the first units', () => calls.filter(({ heard }) => heard.length > 0).length >= 5);
        process.kill(pidOf(victim), 'SIGKILL');
        const all = await Promise.all(results);
        assert.deepEqual(
          all.map(({ text }) => text),
          texts,
        );
        assert.deepEqual(
          calls.map(({ heard }) => heard.join('')),
          texts,
        );
        const crashes = events.filter((event) => event.kind === 'exited' && event.crash);
        assert.deepEqual(
          crashes.map(({ role }) => role),
          [victim],
        );
      },
      { speech: { stepMs: 5 } },
    );
  });
}

for (const victim of ['speech', 'combiner']) {
  test(`ten live streams go on after a kill -9 of the ${victim} process, committed words unchanged`, async () => {
    await running(
      async ({ engine, pidOf, events }) => {
        const texts = Array.from({ length: 10 }, (_, i) => [
          `${i} call me ishmael`,
          'some years ago',
          'never mind how',
        ]);
        const heard: LiveEvent[][] = texts.map(() => []);
        const streams = texts.map(async (text, i) => {
          for await (const event of engine.listen(spoken(text), LISTEN_OPTIONS, {})) heard[i]!.push(event);
        });
        const middle = () => heard.filter((stream) => stream.some((event) => event.kind === 'final')).length;
        await until('the first finals', () => middle() >= 5);
        process.kill(pidOf(victim), 'SIGKILL');
        await Promise.all(streams);
        heard.forEach((stream, i) => {
          const finals = stream.flatMap((event) => (event.kind === 'final' ? [event] : []));
          assert.deepEqual(
            finals.filter(({ stage }) => stage === 'fused').map(({ utterance, text }) => [utterance, text]),
            texts[i]!.map((text, utterance) => [utterance, `${text}.`]),
          );
          for (const event of stream) {
            if (event.kind !== 'partial') continue;
            const own = finals.filter(({ utterance }) => utterance === event.utterance);
            assert.equal(own.length, 2);
            for (const { text } of own) assert.ok(text.startsWith(event.committed));
          }
        });
        const degraded = heard.flat().filter((event) => event.kind === 'final' && event.degraded).length;
        if (victim === 'speech') assert.equal(degraded, 0);
        else assert.ok(degraded > 0, 'the standby took over');
        await until('the whole', () => engine.fleet.whole);
        assert.equal(events.filter((event) => event.kind === 'exited' && event.crash).length, 1);
      },
      { standby: {} },
    );
  });
}

test('a full speech process says so to who asks, refuses who begins all the same, and is asked no more once it is gone', async () => {
  await running(
    async ({ engine, pidOf }) => {
      const refusal = async () => (await engine.liveRefusal!())?.message ?? null;
      assert.equal(await refusal(), null);
      let end: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      async function* held() {
        yield* toySpeech(['call me'], 1);
        await ended;
      }
      const stream = engine.listen(held(), LISTEN_OPTIONS, {});
      await stream.next();
      assert.deepEqual(await Promise.all([refusal(), refusal()]), Array(2).fill('1 live streams run here.'));
      await assert.rejects(engine.listen(held(), LISTEN_OPTIONS, {}).next(), { code: 'overloaded' });
      end();
      for await (const _ of stream);
      assert.equal(await refusal(), null);
      // One that does not answer any more: whoever asked is let go when it ends.
      process.kill(pidOf('speech'), 'SIGSTOP');
      const unanswered = refusal();
      process.kill(pidOf('speech'), 'SIGKILL');
      assert.equal(await unanswered, null);
      assert.equal(await refusal(), null);
    },
    { speech: { liveStreamsMax: 1 } },
  );
});

/** At the pace of a talk: a few characters every 20 ms. */
async function* spoken(texts: readonly string[]): AsyncGenerator<Float32Array> {
  for await (const chunk of toySpeech(texts, 1)) {
    await setTimeout(20);
    yield chunk;
  }
}

test('a stream that cannot be had again gets a retryable error, and the next call works within 5 s', async (t) => {
  await running(
    async ({ engine, pidOf }) => {
      let units = 0;
      const call = { ...streamCall(), onPartial: () => units++ };
      const lost = assert.rejects(engine.transcribe(toyAudio(TEXT), TOY_OPTIONS, call), { code: 'peer_lost' });
      await until('the first unit', () => units > 0);
      process.kill(pidOf('speech'), 'SIGKILL');
      const killedMs = performance.now();
      await lost;
      const { text } = await engine.transcribe(toyAudio('again'), TOY_OPTIONS, streamCall());
      assert.equal(text, 'again');
      const tookMs = performance.now() - killedMs;
      t.diagnostic(`killed to served: ${Math.round(tookMs)} ms`);
    },
    { speech: { stepMs: 5 } },
  );
});

test('a crash of the page recognizer does not touch speech, and its pages are read once it is back', async () => {
  await running(
    async ({ engine, pidOf }) => {
      const speech = engine.transcribe(toyAudio(TEXT), TOY_OPTIONS, streamCall());
      async function* pages() {
        for (const line of ['one', 'two', 'three', 'four']) yield toyPage(line);
      }
      const read: string[] = [];
      for await (const { page, lines } of engine.read(pages(), TOY_READ_OPTIONS, {})) {
        read.push(`${page.index} ${lines[0]!.reading.text}`);
        if (read.length === 2) process.kill(pidOf('page'), 'SIGKILL');
      }
      assert.deepEqual(read, ['0 one', '1 two', '2 three', '3 four']);
      assert.equal((await speech).text, TEXT);
    },
    { speech: { stepMs: 5 }, page: { stepMs: 20 } },
  );
});

for (const hard of [false, true]) {
  test(`an input that ends its ${hard ? 'process' : 'thread'} twice gets an error of its own, others finish`, async () => {
    await running(
      async ({ engine, events }) => {
        const poison = 'a text of more than four units, by far';
        const texts = ['fine', 'fine as well', poison, 'short', 'so is this one'];
        const results = await Promise.allSettled(
          texts.map((text) => engine.transcribe(toyAudio(text), TOY_OPTIONS, repeatable(text).call)),
        );
        assert.deepEqual(
          results.map((result) => (result.status === 'fulfilled' ? result.value.text : result.reason.code)),
          ['fine', 'fine as well', 'input_crashes', 'short', 'so is this one'],
        );
        const crashes = () => events.filter((event) => event.kind === 'exited' && event.crash).length;
        assert.equal(crashes(), 2);
        await assert.rejects(engine.transcribe(toyAudio(poison), TOY_OPTIONS, repeatable(poison).call), {
          code: 'input_crashes',
        });
        assert.equal(crashes(), 2, 'it is known by now');
      },
      { speech: { crashAtUnit: 4, hard, stepMs: 1 } },
    );
  });
}

test('a page that ends its process twice gets an error of its own', async () => {
  await running(
    async ({ engine }) => {
      async function* pages() {
        for (const line of ['one', 'three', 'poisonous', 'four']) yield toyPage(line);
      }
      const read: string[] = [];
      const reading = async () => {
        for await (const { lines } of engine.read(pages(), TOY_READ_OPTIONS, {})) read.push(lines[0]!.reading.text);
      };
      await assert.rejects(reading(), { code: 'input_crashes' });
      assert.deepEqual(read, ['one', 'three']);
    },
    { page: { crashAtWidth: 'poisonous'.length } },
  );
});

test('a combiner that keeps crashing leaves calls to the standby, which says so', async () => {
  await running(
    async ({ engine, events }) => {
      const call = repeatable('a text').call;
      await assert.rejects(engine.transcribe(toyAudio('a text'), TOY_OPTIONS, call), { code: 'input_crashes' });
      await assert.rejects(engine.transcribe(toyAudio('b text'), TOY_OPTIONS, repeatable('b text').call));
      await assert.rejects(engine.transcribe(toyAudio('c text'), TOY_OPTIONS, repeatable('c text').call));
      await until('the end of the budget', () =>
        events.some((event) => event.kind === 'state' && event.role === 'combiner' && event.state === 'failed'),
      );
      assert.equal(engine.fleet.whole, false);
      const { text, warnings } = await engine.transcribe(toyAudio('d text'), TOY_OPTIONS, streamCall());
      assert.equal(text, 'd text');
      assert.equal(warnings[0]?.code, 'degraded');
    },
    { search: { crashAtUnit: 0 }, standby: {} },
  );
});

test('a process is replaced in order while calls go on', async () => {
  await running(
    async ({ engine, pidOf, events }) => {
      const old = pidOf('speech');
      const { call, heard } = repeatable(TEXT);
      const result = engine.transcribe(toyAudio(TEXT), TOY_OPTIONS, call);
      await until('the first unit', () => heard.length > 0);
      engine.fleet.recycle('speech', 'a test');
      const next = engine.transcribe(toyAudio('next'), TOY_OPTIONS, streamCall());
      assert.equal((await result).text, TEXT);
      assert.equal((await next).text, 'next');
      assert.notEqual(pidOf('speech'), old);
      assert.ok(!isAlive(old));
      assert.ok(events.every((event) => event.kind !== 'exited' || !event.crash));
    },
    { speech: { stepMs: 2 } },
  );
});

test('a module that fails to load gives its own code, at once and without another try', async () => {
  const events: SupervisorEvent[] = [];
  const broken = startSupervisedEngine({
    facts: FACTS,
    recognizers: { speech: { url: MODULE, config: { failsToLoad: true } } },
    search: { url: MODULE, config: {} },
    onEvent: (event) => events.push(event),
  });
  await assert.rejects(broken, { code: 'model_corrupt', message: 'the toy model is broken' });
  assert.equal(events.filter((event) => event.kind === 'spawned' && event.role === 'speech').length, 1);
  assert.deepEqual(readdirSync(runtimeDirectory), []);
});

test('signals that reach all processes of a terminal or a service do not end the models', async () => {
  await running(async ({ engine, pidOf, events }) => {
    const pids = ['speech', 'combiner'].map(pidOf);
    for (const pid of pids) for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.kill(pid, signal);
    const { text } = await engine.transcribe(toyAudio(TEXT), TOY_OPTIONS, streamCall());
    assert.equal(text, TEXT);
    assert.ok(pids.every(isAlive));
    await engine.close();
    assert.ok(events.every((event) => event.kind !== 'exited' || event.exit.code === 0));
  });
});

test('a start that is called off leaves no process and no socket', async () => {
  const stop = new AbortController();
  const pids: number[] = [];
  const starting = startSupervisedEngine({
    facts: FACTS,
    recognizers: { speech: { url: MODULE, config: {} } },
    search: { url: MODULE, config: {} },
    signal: stop.signal,
    onEvent: (event) => {
      if (event.kind === 'spawned') pids.push(event.pid!);
      if (pids.length === 2) stop.abort();
    },
  });
  await assert.rejects(starting, { code: 'canceled' });
  assert.equal(pids.length, 2);
  assert.ok(!pids.some(isAlive));
  assert.deepEqual(readdirSync(runtimeDirectory), []);
});

test('close leaves no process and no socket', async () => {
  let pids: number[] = [];
  await running(async ({ engine, events }) => {
    pids = engine.fleet.report.map(({ pid }) => pid!);
    assert.equal(pids.length, 3);
    assert.ok(pids.every(isAlive));
    const [directory] = readdirSync(runtimeDirectory);
    assert.equal(readdirSync(join(runtimeDirectory, directory!)).length, 3);
    await engine.close();
    const exits = events.flatMap((event) => (event.kind === 'exited' ? [event.exit] : []));
    assert.deepEqual(exits, Array(3).fill({ code: 0, signal: null }));
  });
  assert.ok(!pids.some(isAlive));
  assert.deepEqual(readdirSync(runtimeDirectory), []);
});

test('a kill -9 of the service leaves no process and no socket', async () => {
  const child = spawn(process.execPath, [HELPER, MODULE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once('line', resolve);
  });
  const { pids, socket } = JSON.parse(line) as { pids: number[]; socket: string };
  assert.equal(pids.length, 2);
  assert.ok(pids.every(isAlive));
  assert.ok(existsSync(socket));
  child.kill('SIGKILL');
  await until('the end of the processes', () => !pids.some(isAlive));
  assert.ok(!existsSync(dirname(socket)));
});
