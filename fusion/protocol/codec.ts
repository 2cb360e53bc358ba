import { Decoder, Encoder } from '@msgpack/msgpack';
import { AppError } from '../../models/core/app-error.ts';
import type { BeamPick } from '../../models/core/stepwise.ts';
import * as limits from './limits.ts';
import { listenOptionsSchema, liveEvent } from './live-schemas.ts';
import type { Message, MessageType } from './messages.ts';
import { lineHeads, lineResults, lineToWire, pageHead, pageIndex, readOptionsSchema, sidePx } from './page-schemas.ts';
import {
  finalSummarySchema,
  optionsSchema,
  outcomeSchema,
  recognizerSummarySchema,
  resultSchema,
  stats,
  unitSchema,
  warning,
} from './result-schemas.ts';
import {
  bytes,
  type Check,
  f32Array,
  i32Array,
  integer,
  isMap,
  list,
  logProb,
  map,
  name,
  number,
  oneOf,
  optional,
  refuse,
  text,
  toBytes,
  u16Array,
} from './schema.ts';
import { checkStructure } from './structure-check.ts';

/** Room for a message without its binary fields; the encoder grows where a result needs more. */
const ENCODE_ROOM_BYTES = 512;

/**
 * One message as one frame, in a buffer of its own, so that a channel may transfer it. Binary fields are copied once.
 * Throws protocol_error where the frame would be longer than FRAME_BYTES_MAX.
 */
export function encodeMessage(message: Message): Uint8Array {
  const { wire, binaryBytes } = toWire(message);
  const encoder = new Encoder({ ignoreUndefined: true, initialBufferSize: ENCODE_ROOM_BYTES + binaryBytes });
  const frame = encoder.encodeSharedRef(wire);
  if (frame.length > limits.FRAME_BYTES_MAX) {
    throw new AppError(
      'protocol_error',
      `A ${message.type} message of ${frame.length} bytes; at most ${limits.FRAME_BYTES_MAX} may be sent.`,
    );
  }
  return frame;
}

/**
 * The message in a frame. Numeric arrays are views into it where they are aligned, so the frame must not be reused.
 * Throws protocol_error, naming the field, for anything but a well-formed message of version 1.
 */
export function decodeMessage(frame: Uint8Array): Message {
  checkStructure(frame);
  let value: unknown;
  try {
    value = new Decoder().decode(frame);
  } catch (error) {
    throw new AppError('protocol_error', 'Frame refused: not MessagePack as version 1 uses it.', { cause: error });
  }
  if (!isMap(value)) return refuse('(frame)', 'a map', value);
  const type = value['type'];
  if (typeof type !== 'string' || !Object.hasOwn(SCHEMAS, type)) {
    return refuse('type', `one of ${Object.keys(SCHEMAS).join(', ')}`, type);
  }
  // The schema of this very type has checked it; the index type cannot say so.
  return SCHEMAS[type as MessageType](value, '') as Message;
}

function toWire(message: Message): { wire: unknown; binaryBytes: number } {
  switch (message.type) {
    case 'audio':
      return { wire: { ...message, samples: toBytes(message.samples) }, binaryBytes: message.samples.byteLength };
    case 'alphabet':
      return {
        wire: { ...message, lengths: toBytes(message.lengths) },
        binaryBytes: message.lengths.byteLength + message.bytes.length,
      };
    case 'candidates': {
      let binaryBytes = 0;
      const beams = message.beams.map(({ ids, logProbs, endLogProb }) => {
        binaryBytes += ids.byteLength + logProbs.byteLength + 64;
        return { ids: toBytes(ids), logProbs: toBytes(logProbs), endLogProb };
      });
      return { wire: { ...message, beams }, binaryBytes };
    }
    case 'advance': {
      const { picks, ...rest } = message;
      const beams = toBytes(Int32Array.from(picks, ({ beam }) => beam));
      const tokens = toBytes(Int32Array.from(picks, (pick) => pick.token));
      return { wire: { ...rest, beams, tokens }, binaryBytes: beams.length + tokens.length };
    }
    case 'listen': {
      const { turnDetection, ...options } = message.options;
      return { wire: { ...message, options: { ...options, ...(turnDetection && { turnDetection }) } }, binaryBytes: 0 };
    }
    case 'image':
      return { wire: message, binaryBytes: message.rgb.length };
    case 'reading':
      return { wire: { ...message, lines: message.lines.map(lineToWire) }, binaryBytes: message.lines.length * 1024 };
    case 'lattice':
      return {
        wire: { ...message, ids: toBytes(message.ids), logProbs: toBytes(message.logProbs) },
        binaryBytes: message.ids.byteLength + message.logProbs.byteLength,
      };
    default:
      return { wire: message, binaryBytes: 0 };
  }
}

type SchemaOf<T extends MessageType> = Check<Extract<Message, { type: T }>>;

const stream = integer(1, limits.NUMBER_MAX);
const unit = integer(0, limits.NUMBER_MAX);
const step = integer(0, limits.STEPS_MAX);
const amount = number(0, Number.MAX_SAFE_INTEGER);
const credit = integer(1, limits.CREDIT_BYTES_MAX);
const part = integer(0, 9999);
const parts = integer(1, 10_000);

const hash: Check<string> = (value, path) => {
  const found = text(64, 64)(value, path);
  return /^[0-9a-f]{64}$/.test(found) ? found : refuse(path, 'a SHA-256 as 64 hexadecimal digits', value);
};

const samples: Check<Float32Array> = (value, path) => {
  const found = f32Array(limits.AUDIO_FRAME_SAMPLES_MAX)(value, path);
  // One bad sample would spoil a whole window, and show only as scores that are no numbers.
  const bad = found.findIndex((sample) => !Number.isFinite(sample));
  return bad < 0 ? found : refuse(`${path}[${bad}]`, 'a finite sample', found[bad]);
};

const candidatesOnWire = map({
  type: oneOf('candidates'),
  stream,
  unit,
  step,
  beams: list(
    map({
      ids: i32Array(limits.CANDIDATES_MAX),
      logProbs: f32Array(limits.CANDIDATES_MAX),
      endLogProb: logProb,
    }),
    limits.BEAMS_MAX,
    1,
  ),
});

const candidates: SchemaOf<'candidates'> = (value, path) => {
  const message = candidatesOnWire(value, path);
  message.beams.forEach(({ ids, logProbs }, beam) => {
    const at = `beams[${beam}]`;
    if (ids.length !== logProbs.length) refuse(`${at}.logProbs`, `${ids.length} numbers, as ids`, logProbs.length);
    for (let i = 0; i < ids.length; i++) {
      if (ids[i]! < 0 || ids[i]! >= limits.ALPHABET_SIZE_MAX) refuse(`${at}.ids[${i}]`, 'a token', ids[i]);
      // NaN fails the comparison as well; 1e-3 leaves room for rounding above 0.
      if (!(logProbs[i]! <= 1e-3)) refuse(`${at}.logProbs[${i}]`, 'a natural-log probability', logProbs[i]);
      if (i > 0 && logProbs[i]! > logProbs[i - 1]!) refuse(`${at}.logProbs[${i}]`, 'best first', logProbs[i]);
    }
  });
  return message;
};

const advanceOnWire = map({
  type: oneOf('advance'),
  stream,
  unit,
  step,
  beams: i32Array(limits.BEAMS_MAX),
  tokens: i32Array(limits.BEAMS_MAX),
});

const advance: SchemaOf<'advance'> = (value, path) => {
  const { beams, tokens, ...rest } = advanceOnWire(value, path);
  if (beams.length === 0) refuse('beams', 'at least one pick', 0);
  if (tokens.length !== beams.length) refuse('tokens', `${beams.length} numbers, as beams`, tokens.length);
  const picks: BeamPick[] = [];
  for (let i = 0; i < beams.length; i++) {
    const beam = integer(0, limits.BEAMS_MAX - 1)(beams[i], `beams[${i}]`);
    const token = integer(0, limits.ALPHABET_SIZE_MAX - 1)(tokens[i], `tokens[${i}]`);
    picks.push({ beam, token });
  }
  return { ...rest, picks };
};

const latticeOnWire = map({
  type: oneOf('lattice'),
  stream,
  page: pageIndex,
  line: integer(0, limits.LINES_MAX - 1),
  first: integer(0, limits.NUMBER_MAX),
  frames: integer(1, 65_536),
  width: integer(1, limits.CANDIDATES_MAX),
  blank: integer(0, limits.ALPHABET_SIZE_MAX - 1),
  ids: i32Array(limits.FRAME_BYTES_MAX / 8),
  logProbs: f32Array(limits.FRAME_BYTES_MAX / 8),
});

const lattice: SchemaOf<'lattice'> = (value, path) => {
  const message = latticeOnWire(value, path);
  const { ids, logProbs, frames, width } = message;
  if (ids.length !== frames * width) refuse('ids', `frames * width = ${frames * width} numbers`, ids.length);
  if (logProbs.length !== ids.length) refuse('logProbs', `${ids.length} numbers, as ids`, logProbs.length);
  for (let i = 0; i < ids.length; i++) {
    if (ids[i]! < 0 || ids[i]! >= limits.ALPHABET_SIZE_MAX) refuse(`ids[${i}]`, 'a token', ids[i]);
    if (!(logProbs[i]! <= 1e-3)) refuse(`logProbs[${i}]`, 'a natural-log probability', logProbs[i]);
  }
  return message;
};

const imageOnWire = map({
  type: oneOf('image'),
  stream,
  page: pageIndex,
  widthPx: sidePx,
  heightPx: sidePx,
  first: integer(0, 3 * limits.PAGE_PIXELS_MAX),
  rgb: bytes(limits.FRAME_BYTES_MAX),
});

const image: SchemaOf<'image'> = (value, path) => {
  const message = imageOnWire(value, path);
  if (message.rgb.length === 0) refuse('rgb', 'at least one byte', message.rgb);
  return message;
};

const alphabetOnWire = map({
  type: oneOf('alphabet'),
  hash,
  part,
  parts,
  first: integer(0, limits.ALPHABET_SIZE_MAX - 1),
  lengths: u16Array(limits.ALPHABET_PART_TOKENS),
  bytes: bytes(limits.FRAME_BYTES_MAX),
});

const alphabet: SchemaOf<'alphabet'> = (value, path) => {
  const message = alphabetOnWire(value, path);
  let total = 0;
  for (const length of message.lengths) total += length;
  if (total !== message.bytes.length) refuse('bytes', `${total} bytes, the sum of lengths`, message.bytes);
  return message;
};

const recognizer = map({
  modality: oneOf('speech', 'page'),
  kind: oneOf('stepwise', 'lattice', 'nbest'),
  sampleRateHz: integer(0, 192_000),
  // An n-best recognizer has none.
  alphabet: map({ size: integer(0, limits.ALPHABET_SIZE_MAX), hash }),
});

const SCHEMAS: { readonly [T in MessageType]: SchemaOf<T> } = {
  hello: map({
    type: oneOf('hello'),
    versions: list(integer(1, 65_535), 16, 1),
    role: oneOf('application', 'combiner', 'recognizer'),
    name,
    creditBytes: credit,
    recognizer: optional(recognizer),
  }),
  alphabet_request: map({ type: oneOf('alphabet_request'), hash }),
  alphabet,
  open: map({
    type: oneOf('open'),
    stream,
    options: optionsSchema,
    deadlineMs: optional(integer(0, limits.DEADLINE_MS_MAX)),
  }),
  read: map({
    type: oneOf('read'),
    stream,
    options: readOptionsSchema,
    deadlineMs: optional(integer(0, limits.DEADLINE_MS_MAX)),
  }),
  listen: map({
    type: oneOf('listen'),
    stream,
    options: listenOptionsSchema,
    deadlineMs: optional(integer(0, limits.DEADLINE_MS_MAX)),
  }),
  commit: map({ type: oneOf('commit'), stream }),
  clear: map({ type: oneOf('clear'), stream }),
  audio: map({ type: oneOf('audio'), stream, samples }),
  image,
  close: map({ type: oneOf('close'), stream }),
  cancel: map({ type: oneOf('cancel'), stream }),
  credit: map({ type: oneOf('credit'), stream, bytes: credit }),
  unit: map({ type: oneOf('unit'), stream, unit: unitSchema }),
  start: map({ type: oneOf('start'), stream, unit, width: integer(1, limits.CANDIDATES_MAX) }),
  candidates,
  advance,
  chosen: map({ type: oneOf('chosen'), stream, unit, outcome: outcomeSchema }),
  result: map({ type: oneOf('result'), stream, result: resultSchema }),
  summary: map({ type: oneOf('summary'), stream, summary: recognizerSummarySchema }),
  live: map({ type: oneOf('live'), stream, event: liveEvent }),
  page: map({ type: oneOf('page'), stream, page: pageHead, lines: lineHeads }),
  lattice,
  nbest: map({
    type: oneOf('nbest'),
    stream,
    unit,
    startMs: amount,
    endMs: amount,
    language: name,
    readings: list(map({ text: text(), logProb }), 1024, 1),
  }),
  partial: map({ type: oneOf('partial'), stream, index: unit, result: resultSchema }),
  final: map({ type: oneOf('final'), stream, partials: unit, summary: finalSummarySchema }),
  reading: map({
    type: oneOf('reading'),
    stream,
    page: pageHead,
    lines: lineResults,
    language: text(limits.NAME_CHARS_MAX),
    stats,
    warnings: list(warning),
    searchMs: amount,
  }),
  end: map({ type: oneOf('end'), stream, pages: unit }),
  error: map({ type: oneOf('error'), stream: optional(stream), code: name, message: text() }),
};
