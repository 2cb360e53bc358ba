import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage, encodeMessage } from '../../../../fusion/protocol/codec.ts';
import type { Message, NBest } from '../../../../fusion/protocol/messages.ts';
import { pageParts } from '../../../../fusion/protocol/page-parts.ts';
import { AppError } from '../../../../models/core/app-error.ts';
import { CombinerClient } from '../../../../services/combiner/combiner-client.ts';
import { CombinerService, type RankFactory } from '../../../../services/combiner/combiner-service.ts';
import { joinFuser } from '../../../../services/combiner/fuse-stream.ts';
import { RecognizerService } from '../../../../services/recognizer/recognizer-service.ts';
import type { Channel } from '../../../../services/transport/channel.ts';
import { duplexPair } from '../../../support/duplex-pair.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { turns } from '../../../support/socket-pair.ts';
import { TOY_READ_OPTIONS, ToyPageRecognizer, toyPage, toyPageSearch } from '../../../support/toy-pages.ts';
import { TOY_OPTIONS, ToyAlphabet, ToyRecognizer, toyAudio, toySearch } from '../../../support/toy-recognizer.ts';

/** Prefers the longest reading, whoever said it. */
const longest: RankFactory =
  () =>
  async ({ readings }) => {
    const sorted = [...readings].sort((a, b) => b.text.length - a.text.length);
    return {
      readings: sorted.map(({ text, logProb }) => ({ text, recognizerLogProb: logProb })),
      changes: [],
      judged: readings.length,
      warnings: [{ code: 'llm_language_uncovered', message: 'not this language' }],
    };
  };

function setUp({ rankFor = longest }: { rankFor?: RankFactory | undefined } = {}) {
  const clock = new ManualClock();
  const combiner = new CombinerService({ searchFor: () => toySearch(3), rankFor, readFor: () => toyPageSearch, clock });
  const [peer, service] = duplexPair();
  const [near, far] = duplexPair();
  joinFuser(service, near, { speech: TOY_OPTIONS, pages: TOY_READ_OPTIONS });
  const served = combiner.serveFuser(far);
  return { clock, combiner, served, peer };
}

/** A recognizer that speaks the protocol by hand. */
class Peer {
  readonly received: Message[] = [];
  readonly frames: number[] = [];
  isClosed = false;
  readonly #channel: Channel;

  constructor(channel: Channel, react: (message: Message, peer: Peer) => void = () => undefined) {
    this.#channel = channel;
    channel.onFrame((frame) => {
      const length = frame.length;
      const message = decodeMessage(frame);
      this.received.push(message);
      this.frames.push(length);
      react(message, this);
    });
    channel.onClose(() => {
      this.isClosed = true;
    });
  }

  send(message: Message): void {
    this.#channel.send(encodeMessage(message));
  }

  hello(kind: 'nbest' | 'stepwise' | 'lattice', modality: 'speech' | 'page' = 'speech', creditBytes = 1 << 20): void {
    const { hash, size } = new ToyAlphabet();
    this.send({
      type: 'hello',
      versions: [1],
      role: 'recognizer',
      name: 'peer',
      creditBytes,
      recognizer: {
        modality,
        kind,
        sampleRateHz: modality === 'page' ? 0 : 16_000,
        alphabet: kind === 'nbest' ? { size: 0, hash } : { size, hash },
      },
    });
  }

  types(): string[] {
    return this.received.map(({ type }) => type);
  }
}

const nbest = (unit: number, ...texts: readonly string[]): NBest => ({
  type: 'nbest',
  stream: 1,
  unit,
  startMs: unit * 1000,
  endMs: unit * 1000 + 900,
  language: 'en',
  readings: texts.map((text, i) => ({ text, logProb: -1 - i })),
});
const SUMMARY: Message = {
  type: 'summary',
  stream: 1,
  summary: {
    task: 'transcribe',
    language: 'en',
    languageProbability: 1,
    duration: 2,
    warnings: [],
    timings: { encodeMs: 0, recognizeMs: 0 },
  },
};

test('lists of readings come back as partials, ranked, then final, then the end', async () => {
  const { peer, served } = setUp();
  const recognizer = new Peer(peer, (message, self) => {
    if (message.type !== 'open') return;
    self.send(nbest(0, 'short', 'the longer one'));
    self.send(nbest(1, 'second unit', 'x'));
    self.send(SUMMARY);
  });
  recognizer.hello('nbest');
  await turns();
  await served;
  assert.deepEqual(recognizer.types(), ['hello', 'open', 'close', 'partial', 'partial', 'final']);
  const partials = recognizer.received.filter((message) => message.type === 'partial');
  assert.deepEqual(
    partials.map(({ index, result }) => [
      index,
      result.segments[0]!.text,
      result.segments[0]!.start,
      result.segments[0]!.end,
    ]),
    [
      [0, 'the longer one', 0, 0.9],
      [1, 'second unit', 1, 1.9],
    ],
  );
  assert.deepEqual(
    partials[0]!.result.hypotheses.map(({ text, recognizerLogProb }) => [text, recognizerLogProb]),
    [
      ['the longer one', -2],
      ['short', -1],
    ],
  );
  const final = recognizer.received.at(-1)!;
  assert.ok(final.type === 'final');
  assert.equal(final.partials, 2);
  assert.equal(final.summary.duration, 2);
  // Once, however many lists it holds for.
  assert.deepEqual(final.summary.warnings, [{ code: 'llm_language_uncovered', message: 'not this language' }]);
  await turns();
  assert.equal(recognizer.isClosed, true);
});

test('partials cost the credit that the recognizer granted: without more of it they wait, and come after it', async () => {
  const { peer, served } = setUp();
  const recognizer = new Peer(peer, (message, self) => {
    if (message.type !== 'open') return;
    for (let unit = 0; unit < 3; unit++) self.send(nbest(unit, `reading ${unit}`));
    self.send(SUMMARY);
  });
  recognizer.hello('nbest', 'speech', 1);
  await turns();
  assert.deepEqual(recognizer.types(), ['hello', 'open', 'close', 'partial']);
  for (let i = 0; i < 2; i++) {
    recognizer.send({ type: 'credit', stream: 1, bytes: recognizer.frames.at(-1)! });
    await turns();
  }
  await served;
  assert.deepEqual(recognizer.types().slice(3), ['partial', 'partial', 'partial', 'final']);
});

test('a stepwise recognizer with audio of its own has its dialogue, and its results come back', async () => {
  const { peer, served } = setUp();
  const text = 'heard somewhere else';
  class OwnAudio extends ToyRecognizer {
    override transcribe(...[, options, search, signal]: Parameters<ToyRecognizer['transcribe']>) {
      return super.transcribe(toyAudio(text), options, search, signal);
    }
  }
  // What goes back to the recognizer is beyond what a plain one takes: it is picked out on the way.
  const back: Message[] = [];
  const [inner, outer] = duplexPair();
  outer.onFrame((frame) => peer.send(frame));
  peer.onFrame((frame) => {
    const message = decodeMessage(frame.slice());
    if (message.type === 'partial' || message.type === 'final') back.push(message);
    else outer.send(frame);
  });
  void new RecognizerService(new OwnAudio(), { clock: new ManualClock() }).serve(inner);
  await served;
  await turns();
  assert.equal(
    back.map((message) => (message.type === 'partial' ? message.result.segments[0]!.text : '')).join(''),
    text,
  );
  assert.equal(back.at(-1)!.type, 'final');
});

test('lattices of pages come back as readings, then end', async () => {
  const { peer, served } = setUp();
  const page = await new ToyPageRecognizer().read(toyPage('one line', 'two'), 0, TOY_READ_OPTIONS);
  const recognizer = new Peer(peer, (message, self) => {
    if (message.type !== 'read') return;
    for (const part of pageParts(1, page)) self.send(part);
    self.send({ type: 'end', stream: 1, pages: 1 });
  });
  recognizer.hello('lattice', 'page');
  await served;
  await turns();
  assert.deepEqual(recognizer.types(), ['hello', 'read', 'close', 'reading', 'end']);
  const reading = recognizer.received[3]!;
  assert.ok(reading.type === 'reading');
  assert.deepEqual(
    reading.lines.map((line) => line.reading.text),
    ['one line', 'two'],
  );
});

test('what does not fit ends the connection with an error that says what', async () => {
  const wrong: [string, (peer: Peer) => void, RegExp][] = [
    ['a lattice recognizer of speech', (peer) => peer.hello('lattice'), /a stepwise or an nbest one/],
    ['an nbest recognizer of pages', (peer) => peer.hello('nbest', 'page'), /a lattice one/],
    [
      'another role',
      (peer) => peer.send({ type: 'hello', versions: [1], role: 'application', name: 'x', creditBytes: 1 }),
      /role/,
    ],
  ];
  for (const [name, begin, message] of wrong) {
    const { peer, served } = setUp();
    const recognizer = new Peer(peer);
    begin(recognizer);
    await served;
    await turns();
    const error = recognizer.received.at(-1)!;
    assert.ok(error.type === 'error', name);
    assert.equal(error.code, 'protocol_error', name);
    assert.match(error.message, message, name);
    assert.equal(recognizer.isClosed, true, name);
  }
});

test('messages out of turn, after the summary too, end the connection', async () => {
  for (const [kind, message] of [
    [
      'nbest',
      {
        type: 'candidates',
        stream: 1,
        unit: 0,
        step: 0,
        beams: [{ ids: new Int32Array(0), logProbs: new Float32Array(0), endLogProb: 0 }],
      },
    ],
    ['stepwise', nbest(0, 'x')],
    ['nbest', { type: 'credit', stream: 7, bytes: 1 }],
    [
      'nbest',
      {
        type: 'unit',
        stream: 1,
        unit: { index: 0, language: 'en', startMs: 0, endMs: 0, stepsMax: 4, previousText: '' },
      },
    ],
  ] as ['nbest' | 'stepwise', Message][]) {
    const { peer, served } = setUp();
    const recognizer = new Peer(peer, (received, self) => {
      if (received.type === 'open') self.send(message);
    });
    recognizer.hello(kind);
    await served;
    await turns();
    assert.equal(recognizer.received.at(-1)!.type, 'error', message.type);
    assert.equal(recognizer.isClosed, true);
  }
  const { peer } = setUp();
  const recognizer = new Peer(peer, (received, self) => {
    if (received.type !== 'open') return;
    for (let unit = 0; unit < 2; unit++) self.send(nbest(unit, 'reading'));
    self.send(SUMMARY);
    self.send(SUMMARY);
  });
  recognizer.hello('nbest', 'speech', 1);
  await turns();
  assert.equal(recognizer.received.at(-1)!.type, 'error');
});

test('a failure of the language model is told by its code alone; a recognizer that leaves ends the work', async () => {
  const { peer, served } = setUp({
    rankFor: () => {
      throw new AppError('model_corrupt', '/secret/model.onnx is damaged');
    },
  });
  const recognizer = new Peer(peer);
  recognizer.hello('nbest');
  await served;
  await turns();
  const error = recognizer.received.at(-1)!;
  assert.ok(error.type === 'error');
  assert.equal(error.code, 'model_corrupt');
  assert.doesNotMatch(error.message, /secret/);

  const signals: AbortSignal[] = [];
  const leaving = setUp({
    rankFor: ({ signal }) => {
      signals.push(signal);
      return () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  });
  const other = new Peer(leaving.peer, (message, self) => {
    if (message.type === 'open') self.send(nbest(0, 'x'));
  });
  other.hello('nbest');
  await turns();
  leaving.peer.close();
  await leaving.served;
  assert.equal(signals[0]!.aborted, true);
});

test('who says no hello in time is sent away', async () => {
  const { peer, served, clock } = setUp();
  const recognizer = new Peer(peer);
  await turns();
  clock.advance(10_000);
  await served;
  await turns();
  assert.deepEqual(recognizer.types(), ['hello', 'error']);
});

test('an application is served by an nbest recognizer as by any other', async () => {
  const clock = new ManualClock();
  const combiner = new CombinerService({ searchFor: () => toySearch(1), rankFor: longest, clock });
  const [recognizerEnd, poolEnd] = duplexPair();
  const [applicationEnd, combinerEnd] = duplexPair();
  void combiner.serveApplication(combinerEnd);
  const recognizer = new Peer(recognizerEnd, (message, self) => {
    if (message.type !== 'close') return;
    self.send(nbest(0, 'a', 'longer'));
    self.send(SUMMARY);
  });
  recognizer.hello('nbest');
  await combiner.addRecognizer(poolEnd);
  const client = new CombinerClient(applicationEnd, { clock });
  const { text, units } = await client.transcribe(toyAudio('audio'), TOY_OPTIONS);
  assert.equal(text, 'longer');
  assert.equal(units.length, 1);
});
