import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage, encodeMessage } from '../../../../fusion/protocol/codec.ts';
import type { Message, MessageType } from '../../../../fusion/protocol/messages.ts';
import { RecognizerService } from '../../../../services/recognizer/recognizer-service.ts';
import { duplexPair } from '../../../support/duplex-pair.ts';
import { TOY_OPTIONS, type ToyControl, ToyRecognizer, toySamples } from '../../../support/toy-recognizer.ts';

const STATS = { steps: 1, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 };
const HYPOTHESIS = { tokens: [104, 105], tokenLogProbs: [-0.5, -0.5, -0.1], recognizerLogProb: -1.1, ended: true };

/** A recognizer service whose combiner the test plays by hand, frame by frame. */
function setUp(options: { control?: ToyControl; streamsMax?: number; creditBytes?: number } = {}) {
  const recognizer = new ToyRecognizer(options.control);
  const [near, far] = duplexPair();
  const streamsMax = options.streamsMax ?? 4;
  const ended = new RecognizerService(recognizer, { streamsMax }).serve(near);
  const received: Message[] = [];
  let wake: () => void = () => undefined;
  far.onFrame((frame) => {
    received.push(decodeMessage(frame));
    wake();
  });
  const say = (message: Message) => far.send(encodeMessage(message));
  const creditBytes = options.creditBytes ?? 100_000;
  say({ type: 'hello', versions: [1], role: 'combiner', name: 'test', creditBytes });
  /** The next message of `type`; those before it are dropped. */
  const next = async <T extends MessageType>(type: T): Promise<Extract<Message, { type: T }>> => {
    for (;;) {
      const message = received.shift();
      if (message?.type === type) return message as Extract<Message, { type: T }>;
      if (message === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  };
  const open = (stream: number) => say({ type: 'open', stream, options: TOY_OPTIONS });
  const audio = (stream: number, text: string) => say({ type: 'audio', stream, samples: toySamples(text) });
  return { recognizer, far, say, next, open, audio, ended };
}

test('the dialogue of one unit, frame by frame', async () => {
  const { say, next, open, audio, recognizer } = setUp();
  const hello = await next('hello');
  assert.deepEqual(hello.recognizer, {
    modality: 'speech',
    kind: 'stepwise',
    sampleRateHz: 16_000,
    alphabet: { size: 131, hash: recognizer.alphabet.hash },
  });
  open(1);
  audio(1, 'hi');
  say({ type: 'close', stream: 1 });
  const { unit } = await next('unit');
  assert.equal(unit.language, 'en');
  say({ type: 'start', stream: 1, unit: 0, width: 2 });
  const first = await next('candidates');
  assert.deepEqual([first.step, [...first.beams[0]!.ids]], [0, [104, 105]]);
  assert.equal(first.beams[0]!.endLogProb, Number.NEGATIVE_INFINITY);
  say({ type: 'advance', stream: 1, unit: 0, step: 0, picks: [104, 105].map((token) => ({ beam: 0, token })) });
  const second = await next('candidates');
  assert.deepEqual([second.step, second.beams.length], [1, 2]);
  // A search may look at a unit twice: start begins anew.
  say({ type: 'start', stream: 1, unit: 0, width: 1 });
  const again = await next('candidates');
  assert.deepEqual([again.step, again.beams[0]!.ids.length], [0, 1]);
  say({ type: 'chosen', stream: 1, unit: 0, outcome: { hypotheses: [HYPOTHESIS], changes: [], stats: STATS } });
  assert.equal((await next('result')).result.segments[0]!.text, 'hi');
  assert.equal((await next('summary')).summary.duration, 2 / 16_000);
  assert.equal(recognizer.liveStreams, 0);
});

test('the alphabet comes in parts when it is asked for, by its hash', async () => {
  const { say, next, recognizer } = setUp();
  say({ type: 'alphabet_request', hash: recognizer.alphabet.hash });
  const { lengths, bytes, parts } = await next('alphabet');
  assert.deepEqual([lengths.length, bytes.length, parts], [131, 132, 1]);
});

type Playing = ReturnType<typeof setUp>;

/** What a combiner may not do, with what the error must name. */
const VIOLATIONS: readonly (readonly [string, (playing: Playing) => void, RegExp])[] = [
  ['a stream number twice', ({ open }) => [1, 1].forEach(open), /stream: 1 was used/],
  ['a stream that was never opened', ({ say }) => say({ type: 'cancel', stream: 5 }), /stream: 5 was never opened/],
  [
    'a unit that does not wait',
    ({ say, open }) => {
      open(1);
      say({ type: 'start', stream: 1, unit: 9, width: 1 });
    },
    /unit 9 is not waiting/,
  ],
  [
    'audio after close',
    ({ say, open, audio }) => {
      open(1);
      audio(1, '12345678');
      say({ type: 'close', stream: 1 });
      audio(1, 'x');
    },
    /audio after close/,
  ],
  [
    'a message that is not for recognizers',
    ({ say, open }) => {
      open(1);
      say({ type: 'error', stream: 1, code: 'internal', message: 'x' });
    },
    /error does not belong here/,
  ],
  [
    'an alphabet that is not its own',
    ({ say }) => say({ type: 'alphabet_request', hash: 'a'.repeat(64) }),
    /is not the alphabet here/,
  ],
];

for (const [what, act, named] of VIOLATIONS) {
  test(`refused, and the channel ends: ${what}`, async () => {
    const playing = setUp();
    act(playing);
    const { code, message } = await playing.next('error');
    assert.equal(code, 'protocol_error');
    assert.match(message, named);
    assert.equal((await playing.ended).code, 'protocol_error');
    assert.equal(playing.recognizer.liveStreams, 0);
  });
}

/** What a combiner may not do while a unit has candidates out. */
const OUT_OF_TURN: readonly (readonly [string, Message, RegExp])[] = [
  [
    'a step that is not the last',
    { type: 'advance', stream: 1, unit: 0, step: 1, picks: [{ beam: 0, token: 1 }] },
    /step: expected 0, found 1/,
  ],
  [
    'a beam that is not live',
    { type: 'advance', stream: 1, unit: 0, step: 0, picks: [{ beam: 1, token: 1 }] },
    /beams\[0\]: 1 of 1 live beams/,
  ],
  [
    'a token outside the alphabet',
    { type: 'advance', stream: 1, unit: 0, step: 0, picks: [{ beam: 0, token: 131 }] },
    /tokens\[0\]: 131 in an alphabet of 131/,
  ],
  [
    'a chosen token outside the alphabet',
    {
      type: 'chosen',
      stream: 1,
      unit: 0,
      outcome: { hypotheses: [{ ...HYPOTHESIS, tokens: [900] }], changes: [], stats: STATS },
    },
    /hypotheses\[0\]\.tokens: 900/,
  ],
];

for (const [what, message, named] of OUT_OF_TURN) {
  test(`refused in the middle of a unit: ${what}`, async () => {
    const { say, next, open, audio, ended, recognizer } = setUp();
    open(1);
    audio(1, '12345678');
    await next('unit');
    say({ type: 'start', stream: 1, unit: 0, width: 2 });
    await next('candidates');
    say(message);
    const error = await next('error');
    assert.match(error.message, named);
    await ended;
    assert.equal(recognizer.liveStreams, 0);
  });
}

test('advance before start, and two requests at once, are refused', async () => {
  for (const messages of [
    [{ type: 'advance', stream: 1, unit: 0, step: 0, picks: [{ beam: 0, token: 1 }] }],
    [
      { type: 'start', stream: 1, unit: 0, width: 1 },
      { type: 'start', stream: 1, unit: 0, width: 1 },
    ],
  ] as Message[][]) {
    const never = new Promise<void>(() => undefined);
    const { say, next, open, audio } = setUp({ control: { beforeStep: () => never } });
    open(1);
    audio(1, '12345678');
    await next('unit');
    messages.forEach(say);
    assert.match((await next('error')).message, /before/);
  }
});

test('one stream too many is overloaded; the others go on', async () => {
  const { say, next, open, audio } = setUp({ streamsMax: 1 });
  open(1);
  open(2);
  const { stream, code } = await next('error');
  assert.deepEqual([stream, code], [2, 'overloaded']);
  audio(1, '12345678');
  assert.equal((await next('unit')).stream, 1);
  say({ type: 'cancel', stream: 1 });
  assert.equal((await next('error')).code, 'canceled');
  open(3);
  audio(3, '12345678');
  assert.equal((await next('unit')).stream, 3);
});

test('audio without credit is refused', async () => {
  const { say, next, open } = setUp();
  open(1);
  // Far beyond the window: the recognizer waits for its search and pulls no more than a unit.
  const samples = new Float32Array(65_536);
  for (let i = 0; i < 12; i++) say({ type: 'audio', stream: 1, samples: samples.slice() });
  assert.match((await next('error')).message, /without credit/);
});

test('results wait for credit, and only those of their own stream', async () => {
  const { say, next, open, audio } = setUp({ creditBytes: 1 });
  const outcome = { hypotheses: [HYPOTHESIS], changes: [], stats: STATS };
  for (const stream of [1, 2]) {
    open(stream);
    audio(stream, '1234567812345678');
    for (const unit of [0, 1]) {
      assert.equal((await next('unit')).unit.index, unit);
      say({ type: 'chosen', stream, unit, outcome });
      if (unit === 0) assert.equal((await next('result')).stream, stream);
    }
  }
  // Both streams hold back their second result: only the second one is paid for.
  say({ type: 'credit', stream: 2, bytes: 10_000 });
  assert.equal((await next('result')).stream, 2);
  say({ type: 'credit', stream: 1, bytes: 10_000 });
  assert.equal((await next('result')).stream, 1);
});
