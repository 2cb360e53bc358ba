import type { CharReading, FieldRule, LineReading, Quad, ReadOptions } from '../../models/core/page.ts';
import { LINE_BEAMS_MAX, LINE_CHARS_MAX, LINES_MAX, LIST_MAX, NUMBER_MAX, PAGE_PIXELS_MAX } from './limits.ts';
import type { LineHead, LineResult, PageHead } from './messages.ts';
import { change, warning } from './result-schemas.ts';
import {
  boolean,
  type Check,
  f32Array,
  finite,
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

/** Checks of the values that pages are made of. Bounds are those of limits.ts. */

const amount = number(0, Number.MAX_SAFE_INTEGER);
export const sidePx = integer(1, PAGE_PIXELS_MAX);
export const pageIndex = integer(0, NUMBER_MAX);
const degrees: Check<0 | 90 | 180 | 270> = (value, path) => {
  const found = [0, 90, 180, 270].find((turn) => turn === value);
  // One of the four, as the line before found out.
  return found === undefined ? refuse(path, '0, 90, 180 or 270', value) : (found as 0 | 90 | 180 | 270);
};

const quad: Check<Quad> = (value, path) => {
  const corners = list(finite, 8, 8)(value, path);
  // The length was checked.
  return corners as unknown as Quad;
};

export const pageHead: Check<PageHead> = map({
  index: pageIndex,
  widthPx: sidePx,
  heightPx: sidePx,
  turnedDegrees: degrees,
  skewDegrees: finite,
  warnings: list(warning),
  timings: map({ detectMs: amount, orientMs: amount, recognizeMs: amount }),
});

const lineFields = {
  index: integer(0, LINES_MAX - 1),
  quad,
  direction: oneOf('horizontal', 'vertical'),
  detectionScore: number(0, 1.001),
  frameShare: number(0, 1e6),
};

export const lineHeads: Check<readonly LineHead[]> = list(
  map({ ...lineFields, frames: integer(1, 65_536) }),
  LINES_MAX,
);

const charsOnWire = map({
  lengths: u16Array(LINE_CHARS_MAX),
  starts: i32Array(LINE_CHARS_MAX),
  ends: i32Array(LINE_CHARS_MAX),
  logProbs: f32Array(LINE_CHARS_MAX),
});

const readingOnWire = map({
  text: text(),
  chars: charsOnWire,
  ctcLogProb: logProb,
  llmLogProb: optional(logProb),
  score: finite,
  field: optional(map({ name, matched: boolean })),
  nBest: list(map({ text: text(), ctcLogProb: logProb, llmLogProb: optional(logProb) }), LINE_BEAMS_MAX),
  changes: list(change),
});

/** A reading's characters travel as four arrays: a page has thousands of them. */
export function lineToWire({ line, reading }: LineResult): unknown {
  const { chars, ...rest } = reading;
  return {
    line,
    reading: {
      ...rest,
      chars: {
        lengths: toBytes(Uint16Array.from(chars, (char) => char.text.length)),
        starts: toBytes(Int32Array.from(chars, ({ startFrame }) => startFrame)),
        ends: toBytes(Int32Array.from(chars, ({ endFrame }) => endFrame)),
        logProbs: toBytes(Float32Array.from(chars, (char) => char.logProb)),
      },
    },
  };
}

const reading: Check<LineReading> = (value, path) => {
  const { chars: wire, ...rest } = readingOnWire(value, path);
  const { lengths, starts, ends, logProbs } = wire;
  const count = lengths.length;
  for (const [field, array] of Object.entries({ starts, ends, logProbs })) {
    if (array.length !== count) refuse(`${path}.chars.${field}`, `${count} numbers, as lengths`, array.length);
  }
  const chars: CharReading[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const [startFrame, endFrame] = [starts[i]!, ends[i]!];
    if (!(startFrame >= 0 && endFrame >= startFrame)) refuse(`${path}.chars.ends[${i}]`, 'a span of frames', endFrame);
    if (!(logProbs[i]! <= 1e-3)) refuse(`${path}.chars.logProbs[${i}]`, 'a natural-log probability', logProbs[i]);
    const character = rest.text.slice(at, at + lengths[i]!);
    chars.push({ text: character, logProb: logProbs[i]!, startFrame, endFrame });
    at += lengths[i]!;
  }
  if (at !== rest.text.length) refuse(`${path}.chars.lengths`, `${rest.text.length} in all, as the text`, at);
  return { ...rest, chars };
};

export const lineResults: Check<readonly LineResult[]> = list(map({ line: map(lineFields), reading }), LINES_MAX);

const share = number(0, 1);
const box: Check<FieldRule['box']> = (value, path) => {
  const sides = list(share, 4, 4)(value, path);
  // The length was checked.
  return sides as unknown as FieldRule['box'];
};

const allow: Check<FieldRule['allow']> = (value, path) => {
  const kind = isMap(value) ? value['kind'] : undefined;
  if (kind === 'regex') return map({ kind: oneOf('regex'), pattern: text() })(value, path);
  if (kind === 'list') return map({ kind: oneOf('list'), values: list(text(), LIST_MAX, 1) })(value, path);
  const formats = oneOf('date', 'number', 'integer', 'amount', 'iban', 'time');
  return map({ kind: oneOf('format'), format: formats })(value, path);
};

const pageRange: Check<readonly [number, number]> = (value, path) => {
  const ends = list(integer(1, NUMBER_MAX), 2, 2)(value, path);
  // The length was checked.
  return ends as unknown as readonly [number, number];
};

const readOptionsOnWire = map({
  language: name,
  mode: oneOf('greedy', 'alone', 'fused', 'faithful'),
  llmWeight: optional(number(0, 100)),
  beams: integer(1, LINE_BEAMS_MAX),
  nBest: integer(1, LINE_BEAMS_MAX),
  script: oneOf('hans', 'hant', 'keep'),
  llmPrompt: text(),
  llmContextCharsMax: integer(0, Number.MAX_SAFE_INTEGER),
  orient: boolean,
  deskew: boolean,
  singleLine: oneOf('auto', 'yes', 'no'),
  textLayer: oneOf('auto', 'never'),
  dpi: number(1, 2400),
  pages: list(pageRange),
  fields: list(map({ name, box, allow }), LIST_MAX),
  explain: boolean,
});

/** `llmWeight` is absent on the wire where it is undefined. */
export const readOptionsSchema: Check<ReadOptions> = (value, path) => ({
  llmWeight: undefined,
  ...readOptionsOnWire(value, path),
});
