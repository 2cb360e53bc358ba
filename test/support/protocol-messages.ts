import fc from 'fast-check';
import type { Message, MessageType } from '../../fusion/protocol/messages.ts';
import { COMMIT_POLICIES, type LiveEvent } from '../../models/core/live.ts';
import type { SearchStats } from '../../models/core/stepwise.ts';
import { TOY_READ_OPTIONS } from './toy-pages.ts';
import { TOY_LISTEN_OPTIONS, TOY_OPTIONS } from './toy-recognizer.ts';

/** Arbitrary messages of hypothesis protocol v1, one arbitrary per type. */

const id = fc.integer({ min: 1, max: 0xffff_ffff });
const unit = fc.integer({ min: 0, max: 0xffff_ffff });
const token = fc.integer({ min: 0, max: 262_143 });
/** The smallest number is not 0: minus zero is no integer in MessagePack. */
const amount = fc.oneof(fc.integer({ min: 0, max: 1e9 }), fc.double({ min: 0.001, max: 1e9, noNaN: true }));
const logProb = fc.oneof(
  fc.constant(Number.NEGATIVE_INFINITY),
  fc.double({ min: -1e6, max: -1e-6, noNaN: true }),
  fc.constant(0),
);
const score = fc.double({ min: -1e6, max: -1e-6, noNaN: true });
const probability = fc.double({ min: 1e-9, max: 1, noNaN: true });
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const f32 = (length: number, max: number) =>
  fc.float32Array({ minLength: length, maxLength: length, min: -100, max, noNaN: true });

const fused = fc.record({ score, llmLogProb: logProb, llmTokens: unit, bytes: unit, llmWeight: probability });
const hypothesisFields = {
  tokens: fc.array(token, { maxLength: 20 }),
  tokenLogProbs: fc.array(logProb, { maxLength: 21 }),
  recognizerLogProb: logProb,
  ended: fc.boolean(),
};
const hypothesis = fc.record(
  { ...hypothesisFields, fused },
  { requiredKeys: ['tokens', 'tokenLogProbs', 'recognizerLogProb', 'ended'] },
);
const spelled = fc.tuple(hypothesis, text).map(([found, spelling]) => ({ ...found, text: spelling }));
const bothScores = fc.record({ recognizer: logProb, llm: logProb });
const change = fc.record({
  recognized: text,
  chosen: text,
  offset: fc.nat(1000),
  recognizedLogProb: bothScores,
  chosenLogProb: bothScores,
});
const stats: fc.Arbitrary<SearchStats> = fc.record({
  steps: fc.nat(),
  llmRows: fc.nat(),
  llmRowsEager: fc.nat(),
  llmRowsFloor: fc.nat(),
  llmCalls: fc.nat(),
  llmMs: amount,
});
const segment = fc.record(
  {
    id: fc.nat(),
    seek: fc.nat(),
    start: amount,
    end: amount,
    text,
    tokens: fc.array(token, { maxLength: 20 }),
    temperature: fc.constantFrom(0, 0.2, 1),
    avg_logprob: score,
    compression_ratio: amount,
    no_speech_prob: probability,
    words: fc.array(fc.record({ word: text, start: amount, end: amount, probability }), { maxLength: 3 }),
    fused: fc.record({ score, llm_logprob: logProb, llm_weight: probability }),
    exact: fc.boolean(),
  },
  {
    requiredKeys: [
      'id',
      'seek',
      'start',
      'end',
      'text',
      'tokens',
      'temperature',
      'avg_logprob',
      'compression_ratio',
      'no_speech_prob',
    ],
  },
);
const result = fc.record({
  segments: fc.array(segment, { maxLength: 3 }),
  hypotheses: fc.array(spelled, { maxLength: 3 }),
  changes: fc.array(change, { maxLength: 2 }),
  stats,
});
const warning = fc.record({ code: name, message: text });
const summaryFields = {
  task: fc.constantFrom('transcribe', 'translate'),
  language: name,
  languageProbability: probability,
  duration: amount,
  warnings: fc.array(warning, { maxLength: 2 }),
};
const options = fc
  .record({
    prompt: text,
    hotwords: fc.array(text, { maxLength: 3 }),
    llmWeight: fc.option(probability, { nil: undefined }),
  })
  .map((some) => ({ ...TOY_OPTIONS, ...some }));

const beam = fc.nat(8).chain((length) =>
  fc.record({
    ids: fc.int32Array({ minLength: length, maxLength: length, min: 0, max: 262_143 }),
    logProbs: f32(length, 0).map((found) => found.sort().reverse()),
    endLogProb: logProb,
  }),
);

const quad = fc
  .array(score, { minLength: 8, maxLength: 8 })
  .map((corners) => corners as unknown as readonly [number, number, number, number, number, number, number, number]);
const sidePx = fc.integer({ min: 1, max: 20_000 });
const pageHead = fc.record({
  index: unit,
  widthPx: sidePx,
  heightPx: sidePx,
  turnedDegrees: fc.constantFrom(0 as const, 90 as const, 180 as const, 270 as const),
  skewDegrees: score,
  warnings: fc.array(warning, { maxLength: 2 }),
  timings: fc.record({ detectMs: amount, orientMs: amount, recognizeMs: amount }),
});
const lineFields = {
  index: fc.nat(4095),
  quad,
  direction: fc.constantFrom('horizontal' as const, 'vertical' as const),
  detectionScore: probability,
  frameShare: probability,
};
const char = fc
  .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 2 }), fc.nat(500), fc.nat(9), f32(1, 0))
  .map(([spelling, startFrame, frames, [logProb]]) => ({
    text: spelling,
    logProb: logProb!,
    startFrame,
    endFrame: startFrame + frames,
  }));
const otherReading = fc.record(
  { text, ctcLogProb: logProb, llmLogProb: logProb },
  { requiredKeys: ['text', 'ctcLogProb'] },
);
const reading = fc
  .record(
    {
      chars: fc.array(char, { maxLength: 6 }),
      ctcLogProb: logProb,
      llmLogProb: logProb,
      score,
      field: fc.record({ name, matched: fc.boolean() }),
      nBest: fc.array(otherReading, { maxLength: 2 }),
      changes: fc.array(change, { maxLength: 2 }),
    },
    { requiredKeys: ['chars', 'ctcLogProb', 'score', 'nBest', 'changes'] },
  )
  .map((found) => ({ ...found, text: found.chars.map((one) => one.text).join('') }));
const box = fc
  .array(probability, { minLength: 4, maxLength: 4 })
  .map((sides) => sides as unknown as readonly [number, number, number, number]);
const allow = fc.oneof(
  fc.record({ kind: fc.constant('regex' as const), pattern: text }),
  fc.record({ kind: fc.constant('list' as const), values: fc.array(text, { minLength: 1, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('format' as const), format: fc.constantFrom('date' as const, 'iban' as const) }),
);
const readOptions = fc
  .record({
    llmWeight: fc.option(probability, { nil: undefined }),
    llmPrompt: text,
    fields: fc.array(fc.record({ name, box, allow }), { maxLength: 2 }),
    pages: fc.array(fc.constant([1, 3] as const), { maxLength: 2 }),
  })
  .map((some) => ({ ...TOY_READ_OPTIONS, ...some }));

const listenOptions = fc
  .record({
    turnDetection: fc.option(
      fc.record({ threshold: probability, prefixPaddingMs: fc.nat(2000), silenceMs: fc.nat(5000) }),
      { nil: null },
    ),
    policy: fc.constantFrom(...COMMIT_POLICIES),
    holdMs: fc.option(fc.nat(2000), { nil: undefined }),
    llmWeight: fc.option(probability, { nil: undefined }),
  })
  .map((some) => ({ ...TOY_LISTEN_OPTIONS, ...some }));
const liveEvent: fc.Arbitrary<LiveEvent> = fc.oneof(
  fc.record({ kind: fc.constant('speech-start' as const), utterance: unit, startS: amount }),
  fc.record(
    {
      kind: fc.constant('partial' as const),
      utterance: unit,
      stage: fc.constant('recognized' as const),
      revision: unit,
      committed: text,
      pending: text,
      heardS: amount,
      words: fc.array(fc.record({ word: text, start: amount, end: amount, probability }), { maxLength: 3 }),
    },
    { requiredKeys: ['kind', 'utterance', 'stage', 'revision', 'committed', 'pending', 'heardS'] },
  ),
  fc.record({ kind: fc.constant('speech-end' as const), utterance: unit, endS: amount }),
  fc.record(
    {
      kind: fc.constant('final' as const),
      utterance: unit,
      stage: fc.constantFrom('recognized' as const, 'fused' as const, 'corrected' as const),
      text,
      committed: text,
      result,
      language: name,
      degraded: fc.constant(true as const),
    },
    { requiredKeys: ['kind', 'utterance', 'stage', 'text', 'committed', 'result', 'language'] },
  ),
  fc.record({ kind: fc.constant('cleared' as const), utterance: fc.option(unit, { nil: null }), atS: amount }),
  fc.record({ kind: fc.constant('commit-empty' as const), atS: amount }),
  fc.record({ kind: fc.constant('lag' as const), lagMs: amount }),
  fc.record({
    kind: fc.constant('shed' as const),
    what: fc.constantFrom('partials' as const, 'fusion' as const, 'nothing' as const),
    lagMs: amount,
  }),
);

type MessageOf<T extends MessageType> = Extract<Message, { type: T }>;

export const MESSAGES: { readonly [T in MessageType]: fc.Arbitrary<MessageOf<T>> } = {
  hello: fc.record(
    {
      type: fc.constant('hello'),
      versions: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 4 }),
      role: fc.constantFrom('application', 'combiner', 'recognizer'),
      name,
      creditBytes: fc.integer({ min: 1, max: 1 << 20 }),
      recognizer: fc.record({
        modality: fc.constantFrom('speech', 'page'),
        kind: fc.constantFrom('stepwise', 'lattice', 'nbest'),
        sampleRateHz: fc.constantFrom(0, 8000, 16_000),
        alphabet: fc.record({ size: fc.integer({ min: 1, max: 60_000 }), hash }),
      }),
    },
    { requiredKeys: ['type', 'versions', 'role', 'name', 'creditBytes'] },
  ),
  alphabet_request: fc.record({ type: fc.constant('alphabet_request'), hash }),
  alphabet: fc
    .record({
      hash,
      part: fc.nat(99),
      parts: fc.integer({ min: 1, max: 100 }),
      first: token,
      pieces: fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 9 }),
    })
    .map(({ pieces, ...rest }) => ({
      type: 'alphabet' as const,
      ...rest,
      lengths: Uint16Array.from(pieces, ({ length }) => length),
      bytes: Uint8Array.from(pieces.flatMap((piece) => [...piece])),
    })),
  open: fc.record(
    { type: fc.constant('open'), stream: id, options, deadlineMs: fc.integer({ min: 0, max: 86_400_000 }) },
    { requiredKeys: ['type', 'stream', 'options'] },
  ),
  read: fc.record(
    {
      type: fc.constant('read'),
      stream: id,
      options: readOptions,
      deadlineMs: fc.integer({ min: 0, max: 86_400_000 }),
    },
    { requiredKeys: ['type', 'stream', 'options'] },
  ),
  listen: fc.record(
    {
      type: fc.constant('listen'),
      stream: id,
      options: listenOptions,
      deadlineMs: fc.integer({ min: 0, max: 86_400_000 }),
    },
    { requiredKeys: ['type', 'stream', 'options'] },
  ),
  commit: fc.record({ type: fc.constant('commit'), stream: id }),
  clear: fc.record({ type: fc.constant('clear'), stream: id }),
  live: fc.record({ type: fc.constant('live'), stream: id, event: liveEvent }),
  image: fc.record({
    type: fc.constant('image'),
    stream: id,
    page: unit,
    widthPx: sidePx,
    heightPx: sidePx,
    first: fc.nat(1e6),
    rgb: fc.uint8Array({ minLength: 1, maxLength: 30 }),
  }),
  page: fc.record({
    type: fc.constant('page'),
    stream: id,
    page: pageHead,
    lines: fc.array(fc.record({ ...lineFields, frames: fc.integer({ min: 1, max: 500 }) }), { maxLength: 3 }),
  }),
  reading: fc.record({
    type: fc.constant('reading'),
    stream: id,
    page: pageHead,
    lines: fc.array(fc.record({ line: fc.record(lineFields), reading }), { maxLength: 3 }),
    language: text,
    stats,
    warnings: fc.array(warning, { maxLength: 2 }),
    searchMs: amount,
  }),
  end: fc.record({ type: fc.constant('end'), stream: id, pages: unit }),
  audio: fc.record({ type: fc.constant('audio'), stream: id, samples: fc.nat(50).chain((length) => f32(length, 1)) }),
  close: fc.record({ type: fc.constant('close'), stream: id }),
  cancel: fc.record({ type: fc.constant('cancel'), stream: id }),
  credit: fc.record({ type: fc.constant('credit'), stream: id, bytes: fc.integer({ min: 1, max: 1 << 20 }) }),
  unit: fc.record({
    type: fc.constant('unit'),
    stream: id,
    unit: fc.record(
      {
        index: unit,
        language: name,
        startMs: amount,
        endMs: amount,
        stepsMax: fc.integer({ min: 1, max: 448 }),
        beams: fc.integer({ min: 1, max: 16 }),
        previousText: text,
      },
      { requiredKeys: ['index', 'language', 'startMs', 'endMs', 'stepsMax', 'previousText'] },
    ),
  }),
  start: fc.record({ type: fc.constant('start'), stream: id, unit, width: fc.integer({ min: 1, max: 4096 }) }),
  candidates: fc.record({
    type: fc.constant('candidates'),
    stream: id,
    unit,
    step: fc.nat(448),
    beams: fc.array(beam, { minLength: 1, maxLength: 5 }),
  }),
  advance: fc.record({
    type: fc.constant('advance'),
    stream: id,
    unit,
    step: fc.nat(448),
    picks: fc.array(fc.record({ beam: fc.nat(15), token }), { minLength: 1, maxLength: 16 }),
  }),
  chosen: fc.record({
    type: fc.constant('chosen'),
    stream: id,
    unit,
    outcome: fc.record(
      {
        hypotheses: fc.array(hypothesis, { minLength: 1, maxLength: 3 }),
        changes: fc.array(change, { maxLength: 2 }),
        stats,
        warnings: fc.array(warning, { maxLength: 2 }),
      },
      { requiredKeys: ['hypotheses', 'changes', 'stats'] },
    ),
  }),
  result: fc.record({ type: fc.constant('result'), stream: id, result }),
  summary: fc.record({
    type: fc.constant('summary'),
    stream: id,
    summary: fc.record({ ...summaryFields, timings: fc.record({ encodeMs: amount, recognizeMs: amount }) }),
  }),
  lattice: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })).chain(([frames, width]) =>
    fc.record({
      type: fc.constant('lattice'),
      stream: id,
      page: unit,
      line: fc.nat(4095),
      first: fc.nat(),
      frames: fc.constant(frames),
      width: fc.constant(width),
      blank: token,
      ids: fc.int32Array({ minLength: frames * width, maxLength: frames * width, min: 0, max: 18_000 }),
      logProbs: f32(frames * width, 0),
    }),
  ),
  nbest: fc.record({
    type: fc.constant('nbest'),
    stream: id,
    unit,
    startMs: amount,
    endMs: amount,
    language: name,
    readings: fc.array(fc.record({ text, logProb }), { minLength: 1, maxLength: 4 }),
  }),
  partial: fc.record({ type: fc.constant('partial'), stream: id, index: unit, result }),
  final: fc.record({
    type: fc.constant('final'),
    stream: id,
    partials: unit,
    summary: fc.record({
      ...summaryFields,
      timings: fc.record({ totalMs: amount, encodeMs: amount, recognizeMs: amount, llmMs: amount }),
    }),
  }),
  error: fc.record(
    { type: fc.constant('error'), stream: id, code: name, message: text },
    { requiredKeys: ['type', 'code', 'message'] },
  ),
};
