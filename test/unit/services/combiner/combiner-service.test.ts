import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alphabetParts } from '../../../../fusion/protocol/alphabet-table.ts';
import { decodeMessage, encodeMessage } from '../../../../fusion/protocol/codec.ts';
import { CREDIT_INITIAL_BYTES } from '../../../../fusion/protocol/limits.ts';
import type { Message } from '../../../../fusion/protocol/messages.ts';
import { AppError } from '../../../../models/core/app-error.ts';
import type { RecognizerSummary } from '../../../../models/core/recognizer.ts';
import type { UnitSearch } from '../../../../models/core/stepwise.ts';
import type { UnitResult } from '../../../../models/core/transcript.ts';
import { CombinerClient, InterruptedError } from '../../../../services/combiner/combiner-client.ts';
import { CombinerService, type SearchFactory } from '../../../../services/combiner/combiner-service.ts';
import { RecognizerService } from '../../../../services/recognizer/recognizer-service.ts';
import { duplexPair } from '../../../support/duplex-pair.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import {
  TOY_OPTIONS,
  ToyAlphabet,
  type ToyControl,
  ToyRecognizer,
  toyAudio,
  toySamples,
  toySearch,
} from '../../../support/toy-recognizer.ts';

const TEXT = 'it is a truth universally acknowledged';

interface SetUp {
  readonly control?: ToyControl;
  readonly searchFor?: SearchFactory;
  readonly waitForMore?: boolean;
}

/** Application, combiner and toy recognizer, joined by pairs in memory, on a clock that stands still. */
function setUp({ control, searchFor = () => toySearch(3), waitForMore = false }: SetUp = {}) {
  const clock = new ManualClock();
  const recognizer = new ToyRecognizer(control);
  const combiner = new CombinerService({ searchFor, clock, waitForMore });
  const [applicationEnd, combinerEnd] = duplexPair();
  const served = combiner.serveApplication(combinerEnd);
  const client = new CombinerClient(applicationEnd, { clock });
  const service = new RecognizerService(recognizer, { clock });
  const [recognizerEnd, poolEnd] = duplexPair();
  const connect = () => {
    const done = service.serve(recognizerEnd);
    return { done, met: combiner.addRecognizer(poolEnd) };
  };
  return { clock, recognizer, combiner, client, served, connect, applicationEnd, combinerEnd, recognizerEnd, poolEnd };
}

/** A promise that a test settles. */
function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

function interrupted(code: string, text?: string) {
  return (error: unknown) => {
    assert.ok(error instanceof InterruptedError, String(error));
    assert.equal(error.code, code);
    if (text !== undefined) assert.equal(error.partial.text, text.trim());
    return true;
  };
}

test('a transcript comes out of the three parts as the recognizer alone would give it', async () => {
  const { client, connect, recognizer } = setUp();
  connect();
  const partials: UnitResult[] = [];
  const transcript = await client.transcribe(toyAudio(TEXT), TOY_OPTIONS, {
    onPartial: (result, index) => {
      assert.equal(index, partials.length);
      partials.push(result);
    },
  });

  const alone = new ToyRecognizer().transcribe(toyAudio(TEXT), TOY_OPTIONS, toySearch(3), new AbortController().signal);
  const units: UnitResult[] = [];
  for await (const unit of alone) units.push(unit);
  assert.equal(transcript.text, TEXT);
  assert.deepEqual(transcript.units, units);
  assert.deepEqual(partials, units);
  assert.equal(transcript.duration, TEXT.length / 16_000);
  assert.equal(transcript.timings.llmMs, units.length);
  assert.equal(recognizer.liveStreams, 0);
});

test('several streams run at the same time, units of one stream as well', async () => {
  const { client, connect } = setUp({ control: { concurrent: true } });
  connect();
  const texts = ['the first of them, short', 'a second one that is quite a bit longer than it', 'third'];
  const transcripts = await Promise.all(texts.map((text) => client.transcribe(toyAudio(text), TOY_OPTIONS)));
  assert.deepEqual(
    transcripts.map(({ text }) => text),
    texts,
  );
});

test('the search gets the alphabet of the recognizer, fetched once for several streams', async () => {
  const seen: string[] = [];
  const { client, connect, recognizer, poolEnd } = setUp({
    searchFor: async ({ alphabet }) => {
      const table = await alphabet();
      seen.push(table.hash, new TextDecoder().decode(table.bytesOf(130)));
      return toySearch(1);
    },
  });
  connect();
  await Promise.all([client.transcribe(toyAudio('one'), TOY_OPTIONS), client.transcribe(toyAudio('two'), TOY_OPTIONS)]);
  assert.deepEqual(seen, [recognizer.alphabet.hash, 'the ', recognizer.alphabet.hash, 'the ']);
  const requests = poolEnd.sent.filter((frame) => Buffer.from(frame).includes('alphabet_request'));
  assert.equal(requests.length, 1);
});

test('a stream waits for a recognizer that is still to come', async () => {
  const { client, connect } = setUp({ waitForMore: true });
  const transcript = client.transcribe(toyAudio(TEXT), TOY_OPTIONS);
  await turns(10);
  connect();
  assert.equal((await transcript).text, TEXT);
});

test('without a recognizer, and none to come, a stream fails as peer_lost', async () => {
  const { client } = setUp();
  await assert.rejects(client.transcribe(toyAudio(TEXT), TOY_OPTIONS), interrupted('peer_lost', ''));
});

test('a recognizer lost in the middle ends its streams with peer_lost and what was done', async () => {
  const { client, connect, recognizerEnd, recognizer } = setUp({
    control: {
      beforeStep: (unit, step) => {
        if (unit.index === 2 && step === 1) recognizerEnd.close();
      },
    },
  });
  const { done } = connect();
  await assert.rejects(client.transcribe(toyAudio(TEXT), TOY_OPTIONS), interrupted('peer_lost', TEXT.slice(0, 16)));
  await done;
  assert.equal(recognizer.liveStreams, 0);
});

test('an application that goes away frees the work of its streams', async () => {
  const { client, connect, served, applicationEnd, recognizer } = setUp({
    control: {
      beforeStep: (unit) => {
        if (unit.index === 1) applicationEnd.close();
      },
    },
  });
  connect();
  await assert.rejects(client.transcribe(toyAudio(TEXT), TOY_OPTIONS), interrupted('peer_lost'));
  assert.equal((await served).code, 'peer_lost');
  await turns(10);
  assert.equal(recognizer.liveStreams, 0);
});

test('a combiner that closes ends streams on both sides', async () => {
  const { client, connect, combiner, recognizer } = setUp({
    control: {
      beforeStep: (unit) => {
        if (unit.index === 1) combiner.close();
      },
    },
  });
  const { done } = connect();
  await assert.rejects(client.transcribe(toyAudio(TEXT), TOY_OPTIONS), interrupted('peer_lost'));
  await done;
  assert.equal(recognizer.liveStreams, 0);
});

test('cancel before: nothing is opened', async () => {
  const { client, connect, applicationEnd } = setUp();
  connect();
  await client.ready;
  const sentBefore = applicationEnd.sent.length;
  const call = client.transcribe(toyAudio(TEXT), TOY_OPTIONS, { signal: AbortSignal.abort() });
  await assert.rejects(call, interrupted('canceled', ''));
  assert.equal(applicationEnd.sent.length, sentBefore);
});

test('cancel during a step: the work is freed and the finished units are kept', async () => {
  const stop = new AbortController();
  const held = gate();
  const { client, connect, recognizer } = setUp({
    control: {
      beforeStep: (unit, step) => {
        if (unit.index !== 1 || step !== 3) return;
        stop.abort();
        return held.promise;
      },
    },
  });
  connect();
  const call = client.transcribe(toyAudio(TEXT), TOY_OPTIONS, { signal: stop.signal });
  await assert.rejects(call, interrupted('canceled', TEXT.slice(0, 8)));
  held.open();
  await turns(10);
  assert.equal(recognizer.liveStreams, 0);
  assert.equal((await client.transcribe(toyAudio('next'), TOY_OPTIONS)).text, 'next');
});

test('cancel while the recognizer waits for audio: the source is closed and the work freed', async () => {
  const stop = new AbortController();
  let closed = false;
  const microphone = async function* () {
    try {
      yield* toyAudio(TEXT.slice(0, 8));
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
      yield new Float32Array(0);
    } finally {
      closed = true;
    }
  };
  const { client, connect, recognizer } = setUp();
  connect();
  const call = client.transcribe(microphone(), TOY_OPTIONS, {
    signal: stop.signal,
    onPartial: () => setImmediate(() => stop.abort()),
  });
  await assert.rejects(call, interrupted('canceled', TEXT.slice(0, 8)));
  await turns(10);
  assert.equal(closed, true);
  assert.equal(recognizer.liveStreams, 0);
});

test('cancel after the end changes nothing', async () => {
  const stop = new AbortController();
  const { client, connect, applicationEnd } = setUp();
  connect();
  const transcript = await client.transcribe(toyAudio(TEXT), TOY_OPTIONS, { signal: stop.signal });
  const sentBefore = applicationEnd.sent.length;
  stop.abort();
  await turns(3);
  assert.equal(transcript.text, TEXT);
  assert.equal(applicationEnd.sent.length, sentBefore);
});

for (const phase of ['waiting for a recognizer', 'loading the search', 'a step', 'the search', 'waiting for audio']) {
  test(`the deadline is kept in every phase: ${phase}`, async () => {
    const arrived = gate();
    const held = gate();
    const hold = (where: string, when: boolean) => {
      if (where !== phase || !when) return undefined;
      arrived.open();
      return held.promise;
    };
    const { client, connect, clock, recognizer } = setUp({
      waitForMore: true,
      control: { beforeStep: (unit, step) => hold('a step', unit.index === 1 && step === 2) },
      searchFor: async () => {
        await hold('loading the search', true);
        const search: UnitSearch = async (source, signal) => {
          await hold('the search', source.unit.index === 1);
          return toySearch(2)(source, signal);
        };
        return search;
      },
    });
    const audio = async function* () {
      yield* toyAudio(TEXT.slice(0, 20));
      await hold('waiting for audio', true);
    };
    if (phase === 'waiting for a recognizer') {
      arrived.open();
    } else {
      connect();
    }
    const call = client.transcribe(audio(), TOY_OPTIONS, { deadlineMs: 5000 });
    const refused = assert.rejects(call, interrupted('deadline_exceeded'));
    await arrived.promise;
    await turns(20);
    clock.advance(4999);
    await turns(5);
    clock.advance(1);
    await refused;
    held.open();
    await turns(20);
    assert.equal(recognizer.liveStreams, 0);
  });
}

test('the combiner and the recognizer keep the deadline where the application does not', async () => {
  const held = gate();
  const arrived = gate();
  const { client, connect, clock, recognizer, combinerEnd, recognizerEnd } = setUp({
    control: {
      beforeStep: () => {
        arrived.open();
        return held.promise;
      },
    },
  });
  connect();
  const call = client.transcribe(toyAudio(TEXT), TOY_OPTIONS, { deadlineMs: 100 });
  const refused = assert.rejects(call, interrupted('deadline_exceeded'));
  await arrived.promise;
  clock.advance(100);
  await refused;
  held.open();
  await turns(10);
  // Each told of the deadline by itself, beside the cancel that was on its way.
  for (const { sent } of [combinerEnd, recognizerEnd]) {
    assert.ok(sent.some((frame) => Buffer.from(frame).includes('deadline_exceeded')));
  }
  assert.equal(recognizer.liveStreams, 0);
});

test('what the search throws reaches the application with its code', async () => {
  const failing: UnitSearch = async (source, signal) => {
    await source.start(2, signal);
    throw new AppError('memory_low', 'no room for the language model');
  };
  const { client, connect, recognizer } = setUp({ searchFor: () => failing });
  connect();
  await assert.rejects(client.transcribe(toyAudio(TEXT), TOY_OPTIONS), interrupted('memory_low'));
  await turns(10);
  assert.equal(recognizer.liveStreams, 0);
});

test('what the recognizer throws reaches the application with its code', async () => {
  const { client, connect, recognizer } = setUp({
    control: {
      beforeStep: (unit) => {
        if (unit.index === 1) throw new AppError('unknown_language', 'no such language');
      },
    },
  });
  connect();
  const call = client.transcribe(toyAudio(TEXT), TOY_OPTIONS);
  await assert.rejects(call, interrupted('unknown_language', TEXT.slice(0, 8)));
  assert.equal(recognizer.liveStreams, 0);
});

test('what the audio or the callback throws comes back as it is', async () => {
  const { client, connect, recognizer } = setUp();
  connect();
  const broken = async function* () {
    yield* toyAudio(TEXT);
    throw new AppError('audio_truncated', 'ends early');
  };
  await assert.rejects(client.transcribe(broken(), TOY_OPTIONS), { code: 'audio_truncated' });
  const noNumbers = async function* () {
    yield new Float32Array([0, Number.NaN]);
  };
  await assert.rejects(client.transcribe(noNumbers(), TOY_OPTIONS), { code: 'audio_corrupt' });
  const onPartial = () => {
    throw new RangeError('from the callback');
  };
  await assert.rejects(client.transcribe(toyAudio(TEXT), TOY_OPTIONS, { onPartial }), RangeError);
  await turns(10);
  assert.equal(recognizer.liveStreams, 0);
});

test('a stalled stream holds a bounded stretch of its audio, and no other stream waits for it', async () => {
  const held = gate();
  const stop = new AbortController();
  const { client, connect } = setUp({
    control: { beforeStep: (unit) => (unit.language === 'tr' ? held.promise : undefined) },
  });
  connect();
  let pulledBytes = 0;
  const endless = async function* () {
    for (;;) {
      const samples = new Float32Array(16_384).fill(0.5);
      pulledBytes += samples.byteLength;
      yield samples;
    }
  };
  const stalled = client.transcribe(endless(), { ...TOY_OPTIONS, language: 'tr' }, { signal: stop.signal });
  const refused = assert.rejects(stalled, interrupted('canceled'));
  for (const text of ['one', 'after', 'the other']) {
    assert.equal((await client.transcribe(toyAudio(text), TOY_OPTIONS)).text, text);
  }
  await turns(300);
  // A window and an overdraft of one frame, on each of the two links.
  assert.ok(pulledBytes > CREDIT_INITIAL_BYTES, `${pulledBytes} bytes were pulled`);
  assert.ok(pulledBytes < 2 * (CREDIT_INITIAL_BYTES + 3 * 65_536 + 4096), `${pulledBytes} bytes were pulled`);
  stop.abort();
  await refused;
  held.open();
});

test('audio of many windows of credit goes through both links', async () => {
  const { client, combiner } = setUp({ waitForMore: true });
  const [near, far] = duplexPair();
  void combiner.addRecognizer(near);
  void new RecognizerService(new DeafRecognizer()).serve(far);
  const total = CREDIT_INITIAL_BYTES;
  const audio = async function* () {
    for (let at = 0; at < total; at += 100_000) yield new Float32Array(Math.min(100_000, total - at));
  };
  assert.equal((await client.transcribe(audio(), TOY_OPTIONS)).duration, total / 16_000);
});

/** Counts samples and says nothing. */
class DeafRecognizer extends ToyRecognizer {
  override async *transcribe(audio: AsyncIterable<Float32Array>): AsyncGenerator<UnitResult, RecognizerSummary> {
    let samples = 0;
    for await (const chunk of audio) samples += chunk.length;
    yield* [];
    const timings = { encodeMs: 0, recognizeMs: 0 };
    const duration = samples / 16_000;
    return { task: 'transcribe', language: 'en', languageProbability: 1, duration, warnings: [], timings };
  }
}

/** An application that grants one byte of credit per stream, played by hand, with stream 1 open and all its audio sent. */
function slowApplication(combiner: CombinerService) {
  const [near, far] = duplexPair();
  void combiner.serveApplication(near);
  const received: Message[] = [];
  far.onFrame((frame) => received.push(decodeMessage(frame)));
  const say = (message: Message) => far.send(encodeMessage(message));
  say({ type: 'hello', versions: [1], role: 'application', name: 'slow', creditBytes: 1 });
  say({ type: 'open', stream: 1, options: TOY_OPTIONS });
  say({ type: 'audio', stream: 1, samples: toySamples(TEXT) });
  say({ type: 'close', stream: 1 });
  return { say, received, partials: () => received.filter(({ type }) => type === 'partial').length };
}

test('an application that gives no credit back gets one partial beyond it, and stalls no one else', async () => {
  const { combiner, client, connect } = setUp();
  connect();
  const { say, received, partials } = slowApplication(combiner);
  assert.equal((await client.transcribe(toyAudio(TEXT), TOY_OPTIONS)).text, TEXT);
  await turns(100);
  assert.equal(partials(), 1);
  say({ type: 'credit', stream: 1, bytes: 1_000_000 });
  await turns(100);
  assert.equal(partials(), 5);
  assert.equal(received.at(-1)?.type, 'final');
});

test('what was done before a recognizer was lost still reaches an application that is behind', async () => {
  const { combiner, connect, recognizerEnd } = setUp({
    control: {
      beforeStep: (unit, step) => {
        if (unit.index === 4 && step === 1) recognizerEnd.close();
      },
    },
  });
  connect();
  const { say, received, partials } = slowApplication(combiner);
  await turns(200);
  assert.equal(partials(), 1);
  say({ type: 'credit', stream: 1, bytes: 1_000_000 });
  await turns(100);
  assert.equal(partials(), 4);
  const last = received.at(-1);
  assert.ok(last?.type === 'error' && last.code === 'peer_lost');
});

/** What a recognizer may not send, with what the error must name. */
const BAD_RECOGNIZERS: readonly (readonly [string, (request: Message) => Message[], RegExp])[] = [
  ['candidates that nobody asked for', () => [candidates(0, 1, 5)], /candidates came unasked|is not searched/],
  ['a wrong step', (request) => (request.type === 'start' ? [candidates(1, 1, 5)] : []), /step: expected 0, found 1/],
  [
    'too many beams',
    (request) => (request.type === 'start' ? [candidates(0, 2, 5)] : []),
    /beams: expected 1, found 2/,
  ],
  [
    'a token it does not have',
    (request) => (request.type === 'start' ? [candidates(0, 1, 131)] : []),
    /131 in an alphabet/,
  ],
  ['a stream that was not opened', () => [{ type: 'credit', stream: 9, bytes: 1 }], /stream: 9 was never opened/],
  ['an alphabet that nobody asked for', () => alphabetParts(new ToyAlphabet()), /an alphabet came unasked/],
];

function candidates(step: number, beams: number, id: number): Message {
  const beam = { ids: Int32Array.from([id]), logProbs: Float32Array.from([-1]), endLogProb: -2 };
  return { type: 'candidates', stream: 1, unit: 0, step, beams: Array.from({ length: beams }, () => beam) };
}

for (const [what, answer, named] of BAD_RECOGNIZERS) {
  test(`a recognizer that breaks the protocol is cut off, and its streams end as peer_lost: ${what}`, async () => {
    const { client, combiner } = setUp({ waitForMore: true });
    const [near, far] = duplexPair();
    combiner.addRecognizer(near).catch(() => undefined);
    const received: Message[] = [];
    const say = (message: Message) => far.send(encodeMessage(message));
    far.onFrame((frame) => {
      const message = decodeMessage(frame);
      received.push(message);
      if (message.type === 'close') {
        const unit = { index: 0, language: 'en', startMs: 0, endMs: 1, stepsMax: 8, previousText: '' };
        say({ type: 'unit', stream: 1, unit });
      }
      answer(message).forEach(say);
    });
    const { hash, size } = new ToyAlphabet();
    const recognizer = {
      modality: 'speech',
      kind: 'stepwise',
      sampleRateHz: 16_000,
      alphabet: { size, hash },
    } as const;
    say({ type: 'hello', versions: [1], role: 'recognizer', name: 'bad', creditBytes: 1_000_000, recognizer });
    await assert.rejects(client.transcribe(toyAudio('hi'), TOY_OPTIONS), interrupted('peer_lost'));
    await turns(3);
    const last = received.at(-1)!;
    assert.ok(
      last.type === 'error' && last.code === 'protocol_error' && named.test(last.message),
      JSON.stringify(last),
    );
  });
}
