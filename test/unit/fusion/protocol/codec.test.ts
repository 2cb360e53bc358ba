import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '@msgpack/msgpack';
import { decodeMessage, encodeMessage } from '../../../../fusion/protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../../../fusion/protocol/limits.ts';
import type { Listen } from '../../../../fusion/protocol/messages.ts';
import { AppError } from '../../../../models/core/app-error.ts';
import { LIVE_COMMITTED_CHARS_MAX, LIVE_COMMITTED_MAX } from '../../../../models/core/limits.ts';
import { TOY_READ_OPTIONS } from '../../../support/toy-pages.ts';
import { TOY_LISTEN_OPTIONS, TOY_OPTIONS } from '../../../support/toy-recognizer.ts';

const f32 = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const i32 = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);

const { llmWeight: _, ...OPTIONS } = TOY_OPTIONS;
const { llmWeight: ___, returning: ____, committed: _____, ...LISTEN_OPTIONS } = TOY_LISTEN_OPTIONS;
const LISTEN = {
  type: 'listen',
  stream: 1,
  options: { ...LISTEN_OPTIONS, turnDetection: undefined, holdMs: undefined },
};
const COMMITTED = { startS: 0.5, endS: 2, heardS: 1.5, text: 'x' };
const listenWith = (...committed: unknown[]) => ({ ...LISTEN, options: { ...LISTEN.options, committed } });
const CANDIDATES = {
  type: 'candidates',
  stream: 1,
  unit: 0,
  step: 0,
  beams: [{ ids: i32(5, 6), logProbs: f32(-0.5, -1), endLogProb: -3 }],
};
const ADVANCE = { type: 'advance', stream: 1, unit: 0, step: 0, beams: i32(0, 0), tokens: i32(5, 6) };
const STATS = { steps: 1, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 };
const HYPOTHESIS = { tokens: [1], tokenLogProbs: [-1, -1], recognizerLogProb: -2, ended: true };
const CHOSEN = {
  type: 'chosen',
  stream: 1,
  unit: 0,
  outcome: { hypotheses: [HYPOTHESIS], changes: [], stats: STATS },
};
const HELLO = { type: 'hello', versions: [1], role: 'combiner', name: 'x', creditBytes: 100 };
const LATTICE = {
  type: 'lattice',
  stream: 1,
  page: 0,
  line: 0,
  first: 0,
  frames: 2,
  width: 1,
  blank: 0,
  ids: i32(1, 2),
  logProbs: f32(-1, -2),
};
const IMAGE = { type: 'image', stream: 1, page: 0, widthPx: 1, heightPx: 1, first: 0, rgb: new Uint8Array(3) };
const PAGE_HEAD = {
  index: 0,
  widthPx: 10,
  heightPx: 10,
  turnedDegrees: 90,
  skewDegrees: -0.5,
  warnings: [],
  timings: { detectMs: 1, orientMs: 1, recognizeMs: 1 },
};
const LINE_FOUND = {
  index: 0,
  quad: [0, 0, 1, 0, 1, 1, 0, 1],
  direction: 'horizontal',
  detectionScore: 0.9,
  frameShare: 0.1,
};
const LINE = { ...LINE_FOUND, frames: 10 };
const PAGE = { type: 'page', stream: 1, page: PAGE_HEAD, lines: [LINE] };
const CHARS = { lengths: new Uint8Array([1, 0, 1, 0]), starts: i32(0, 2), ends: i32(1, 4), logProbs: f32(-1, -2) };
const LINE_READING = { text: 'ab', chars: CHARS, ctcLogProb: -3, score: -3, nBest: [], changes: [] };
const READING = {
  type: 'reading',
  stream: 1,
  page: PAGE_HEAD,
  lines: [{ line: LINE_FOUND, reading: LINE_READING }],
  language: '',
  stats: STATS,
  warnings: [],
  searchMs: 1,
};
const { llmWeight: __, ...READ_OPTIONS } = TOY_READ_OPTIONS;
const READ = { type: 'read', stream: 1, options: READ_OPTIONS };
const HASH = 'ab'.repeat(32);
const ALPHABET = {
  type: 'alphabet',
  hash: HASH,
  part: 0,
  parts: 1,
  first: 0,
  lengths: new Uint8Array([1, 0]),
  bytes: new Uint8Array([65]),
};

test('the well-formed messages that the malformed ones below are made of are taken', () => {
  for (const message of [CANDIDATES, ADVANCE, CHOSEN, HELLO, LATTICE, ALPHABET, IMAGE, PAGE, READING, READ]) {
    assert.equal(decodeMessage(encode(message)).type, message.type);
  }
  const open = decodeMessage(encode({ type: 'open', stream: 1, options: OPTIONS }));
  assert.deepEqual(open, { type: 'open', stream: 1, options: TOY_OPTIONS });
});

test('a peer that knows nothing of returning streams opens one that is new', () => {
  const listen = decodeMessage(encode(LISTEN, { ignoreUndefined: true }));
  assert.deepEqual(listen, { type: 'listen', stream: 1, options: TOY_LISTEN_OPTIONS });
});

test('committed texts are taken up to their bounds, with and without an end', () => {
  const longest = { startS: 0, heardS: 0, text: 'x'.repeat(LIVE_COMMITTED_CHARS_MAX) };
  const most = [longest, ...Array(LIVE_COMMITTED_MAX - 1).fill(COMMITTED)];
  const { options } = decodeMessage(encode(listenWith(...most), { ignoreUndefined: true })) as Listen;
  assert.deepEqual(options.committed, most);
});

/** A message with something wrong, and what the error must name. */
const MALFORMED: readonly (readonly [string, unknown, RegExp])[] = [
  ['not a map', [1, 2], /\(frame\): expected a map, found a list of 2/],
  ['no type', { stream: 1 }, /type: expected one of hello/],
  ['an unknown type', { type: 'shout' }, /type: .*"shout"/],
  ['a type from the prototype', { type: 'constructor' }, /type: /],
  ['an unknown field', { type: 'close', stream: 1, steam: 1 }, /steam is not known/],
  ['a missing field', { type: 'close' }, /stream: .*found nothing/],
  ['stream 0', { type: 'close', stream: 0 }, /stream: expected an integer from 1 to 4294967295, found 0/],
  ['a stream beyond 32 bits', { type: 'close', stream: 2 ** 32 }, /stream/],
  ['a fractional stream', { type: 'close', stream: 1.5 }, /stream/],
  ['no version', { ...HELLO, versions: [] }, /versions: expected a list of 1 to 16/],
  ['an unknown role', { ...HELLO, role: 'boss' }, /role: expected one of application, combiner, recognizer/],
  ['too much credit', { ...HELLO, creditBytes: 2 ** 40 }, /creditBytes/],
  [
    'an odd number of sample bytes',
    { type: 'audio', stream: 1, samples: new Uint8Array(6) },
    /samples: .*f32.*6 bytes/,
  ],
  ['a sample that is not a number', { type: 'audio', stream: 1, samples: f32(0, Number.NaN) }, /samples\[1\]/],
  ['samples as a list', { type: 'audio', stream: 1, samples: [0.5] }, /samples/],
  ['too many samples', { type: 'audio', stream: 1, samples: new Uint8Array(4 * 65_537) }, /samples/],
  ['options with an unknown task', { type: 'open', stream: 1, options: { ...OPTIONS, task: 'sing' } }, /options\.task/],
  ['options with 17 beams', { type: 'open', stream: 1, options: { ...OPTIONS, beams: 17 } }, /options\.beams/],
  ['options without a seed', { type: 'open', stream: 1, options: { ...OPTIONS, seed: undefined } }, /options\.seed/],
  [
    'a hot word that is no text',
    { type: 'open', stream: 1, options: { ...OPTIONS, hotwords: ['a', 7] } },
    /options\.hotwords\[1\]/,
  ],
  [
    'one committed text too many',
    listenWith(...Array(LIVE_COMMITTED_MAX + 1).fill(COMMITTED)),
    /options\.committed: expected a list of 0 to 32/,
  ],
  [
    'a committed text that is too long',
    listenWith({ ...COMMITTED, text: 'x'.repeat(LIVE_COMMITTED_CHARS_MAX + 1) }),
    /options\.committed\[0\]\.text/,
  ],
  [
    'a committed text from before the stream',
    listenWith(COMMITTED, { ...COMMITTED, startS: -1 }),
    /options\.committed\[1\]\.startS/,
  ],
  ['a negative deadline', { type: 'open', stream: 1, options: OPTIONS, deadlineMs: -1 }, /deadlineMs/],
  ['a width of 0', { type: 'start', stream: 1, unit: 0, width: 0 }, /width/],
  ['candidates without a beam', { ...CANDIDATES, beams: [] }, /beams: expected a list of 1 to 16/],
  [
    'fewer scores than ids',
    { ...CANDIDATES, beams: [{ ...CANDIDATES.beams[0], logProbs: f32(-1) }] },
    /beams\[0\]\.logProbs/,
  ],
  [
    'a score that is not a number',
    { ...CANDIDATES, beams: [{ ...CANDIDATES.beams[0], logProbs: f32(-1, Number.NaN) }] },
    /beams\[0\]\.logProbs\[1\]/,
  ],
  [
    'a probability above 1',
    { ...CANDIDATES, beams: [{ ...CANDIDATES.beams[0], logProbs: f32(2, -1) }] },
    /beams\[0\]\.logProbs\[0\]/,
  ],
  [
    'candidates out of order',
    { ...CANDIDATES, beams: [{ ...CANDIDATES.beams[0], logProbs: f32(-2, -1) }] },
    /beams\[0\]\.logProbs\[1\]: expected best first/,
  ],
  ['a negative token', { ...CANDIDATES, beams: [{ ...CANDIDATES.beams[0], ids: i32(-1, 2) }] }, /beams\[0\]\.ids\[0\]/],
  [
    'an end that is not a number',
    { ...CANDIDATES, beams: [{ ...CANDIDATES.beams[0], endLogProb: Number.NaN }] },
    /beams\[0\]\.endLogProb/,
  ],
  ['no picks', { ...ADVANCE, beams: i32(), tokens: i32() }, /beams: expected at least one pick/],
  ['fewer tokens than beams', { ...ADVANCE, tokens: i32(5) }, /tokens: expected 2/],
  ['a pick of beam 16', { ...ADVANCE, beams: i32(0, 16) }, /beams\[1\]/],
  ['no hypothesis', { ...CHOSEN, outcome: { ...CHOSEN.outcome, hypotheses: [] } }, /outcome\.hypotheses/],
  [
    'a score in a hypothesis that is a text',
    { ...CHOSEN, outcome: { ...CHOSEN.outcome, hypotheses: [{ ...HYPOTHESIS, tokenLogProbs: ['-1'] }] } },
    /outcome\.hypotheses\[0\]\.tokenLogProbs\[0\]/,
  ],
  [
    'stats with a fraction of a row',
    { ...CHOSEN, outcome: { ...CHOSEN.outcome, stats: { ...STATS, llmRows: 0.5 } } },
    /outcome\.stats\.llmRows/,
  ],
  ['a lattice that is too short', { ...LATTICE, ids: i32(1) }, /ids: expected frames \* width = 2/],
  ['an image part without pixels', { ...IMAGE, rgb: new Uint8Array(0) }, /rgb: expected at least one byte/],
  [
    'a page turned by an odd angle',
    { ...PAGE, page: { ...PAGE.page, turnedDegrees: 45 } },
    /turnedDegrees: expected 0, 90/,
  ],
  ['a line with three corners', { ...PAGE, lines: [{ ...LINE, quad: [0, 0, 1, 0, 1, 1] }] }, /lines\[0\]\.quad/],
  [
    'characters that are not the text',
    { ...READING, lines: [{ line: LINE_FOUND, reading: { ...LINE_READING, text: 'abc' } }] },
    /chars\.lengths: expected 3 in all, as the text, found 2/,
  ],
  [
    'characters whose frames run backwards',
    { ...READING, lines: [{ line: LINE_FOUND, reading: { ...LINE_READING, chars: { ...CHARS, ends: i32(0, 0) } } }] },
    /chars\.ends\[1\]: expected a span of frames/,
  ],
  [
    'a field rule of no kind',
    { ...READ, options: { ...READ.options, fields: [{ name: 'x', box: [0, 0, 1, 1], allow: {} }] } },
    /allow\.kind/,
  ],
  ['a hash in capitals', { type: 'alphabet_request', hash: HASH.toUpperCase() }, /hash/],
  [
    'lengths that do not add up',
    { ...ALPHABET, bytes: new Uint8Array([65, 66]) },
    /bytes: expected 1 bytes, the sum of lengths/,
  ],
  [
    'an n-best without readings',
    { type: 'nbest', stream: 1, unit: 0, startMs: 0, endMs: 1, language: 'en', readings: [] },
    /readings/,
  ],
  ['an error without a code', { type: 'error', message: 'x' }, /code/],
];

for (const [what, message, named] of MALFORMED) {
  test(`refused, and the field is named: ${what}`, () => {
    assert.throws(
      () => decodeMessage(encode(message, { ignoreUndefined: true })),
      (error: unknown) => error instanceof AppError && error.code === 'protocol_error' && named.test(error.message),
    );
  });
}

/** Frames that are hostile or broken before any field is looked at. */
const BROKEN: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['empty', new Uint8Array(0), /byte 0: the frame ends inside a value/],
  ['longer than allowed', new Uint8Array(FRAME_BYTES_MAX + 1), /at most 4194304 are taken/],
  ['nested too deep', new Uint8Array(1000).fill(0x91), /levels of nesting/],
  ['an array that claims four billion items', new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff]), /past the end/],
  ['a map that claims four billion fields', new Uint8Array([0xdf, 0xff, 0xff, 0xff, 0xff, 0xc0]), /past the end/],
  ['a text that claims more than there is', new Uint8Array([0xd9, 200, 65]), /past the end/],
  ['bytes that claim more than there are', new Uint8Array([0xc6, 0x7f, 0xff, 0xff, 0xff]), /past the end/],
  ['a length cut in two', new Uint8Array([0xdc, 0x00]), /inside a length/],
  ['an extension type', new Uint8Array([0xd4, 1, 2]), /type 0xd4/],
  ['a type that does not exist', new Uint8Array([0xc1]), /type 0xc1/],
  ['more after the message', new Uint8Array([0x80, 0x80]), /1 bytes after the message/],
  [
    'too many values',
    new Uint8Array(250_000).fill(0).map((_, i) => [0xdd, 0x00, 0x03, 0xd0, 0x8b][i] ?? 0),
    /more than 200000 values/,
  ],
  ['__proto__ as a field', encode(JSON.parse('{"__proto__": 1}')), /not MessagePack as version 1/],
];

for (const [what, frame, named] of BROKEN) {
  test(`refused before anything is decoded: ${what}`, () => {
    assert.throws(
      () => decodeMessage(frame),
      (error: unknown) => error instanceof AppError && error.code === 'protocol_error' && named.test(error.message),
    );
  });
}

test('an encoded frame owns its buffer, so that it can be moved to another thread', () => {
  const samples = Float32Array.from([0.5, -0.5]);
  const frame = encodeMessage({ type: 'audio', stream: 7, samples });
  structuredClone(frame, { transfer: [frame.buffer as ArrayBuffer] });
  assert.equal(frame.byteLength, 0);
  assert.deepEqual([...samples], [0.5, -0.5]);
});

test('a message that would be too long is refused where it is made', () => {
  const words = Array.from({ length: 4000 }, () => ({ word: 'x'.repeat(1100), start: 0, end: 1, probability: 1 }));
  const segment = {
    id: 0,
    seek: 0,
    start: 0,
    end: 1,
    text: '',
    tokens: [],
    temperature: 0,
    avg_logprob: 0,
    compression_ratio: 1,
    no_speech_prob: 0,
    words,
  };
  const result = { segments: [segment], hypotheses: [], changes: [], stats: STATS };
  assert.throws(() => encodeMessage({ type: 'result', stream: 1, result }), { code: 'protocol_error' });
});
