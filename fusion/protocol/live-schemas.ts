import { COMMIT_POLICIES, type ListenOptions, type LiveEvent } from '../../models/core/live.ts';
import { NUMBER_MAX } from './limits.ts';
import { optionFields, resultSchema, word } from './result-schemas.ts';
import {
  boolean,
  type Check,
  integer,
  isMap,
  list,
  map,
  name,
  number,
  oneOf,
  optional,
  refuse,
  text,
} from './schema.ts';

/** Checks of what live streams are made of. */

const seconds = number(0, Number.MAX_SAFE_INTEGER);
const milliseconds = number(0, Number.MAX_SAFE_INTEGER);
const utterance = integer(0, NUMBER_MAX);

const listenFields = map({
  ...optionFields,
  turnDetection: optional(
    map({ threshold: number(0, 1), prefixPaddingMs: number(0, 10_000), silenceMs: number(0, 60_000) }),
  ),
  policy: oneOf(...COMMIT_POLICIES),
  holdMs: optional(milliseconds),
  partialIntervalMs: milliseconds,
  lightFusion: optional(boolean),
  utteranceSecondsMax: seconds,
  returning: optional(boolean),
});

/**
 * `llmWeight` and `holdMs` are absent on the wire where they are undefined, `turnDetection` where it is null; an absent
 * `returning` is false, an absent `lightFusion` true.
 */
export const listenOptionsSchema: Check<ListenOptions> = (value, path) => ({
  llmWeight: undefined,
  holdMs: undefined,
  turnDetection: null,
  returning: false,
  lightFusion: true,
  ...listenFields(value, path),
});

const EVENTS: { readonly [K in LiveEvent['kind']]: Check<Extract<LiveEvent, { kind: K }>> } = {
  'speech-start': map({ kind: oneOf('speech-start'), utterance, startS: seconds }),
  partial: map({
    kind: oneOf('partial'),
    utterance,
    stage: oneOf('recognized', 'fused'),
    revision: integer(0, NUMBER_MAX),
    committed: text(),
    pending: text(),
    heardS: seconds,
    words: optional(list(word)),
  }),
  'speech-end': map({ kind: oneOf('speech-end'), utterance, endS: seconds }),
  final: (value, path) => {
    const { degraded, ...event } = finalEvent(value, path);
    if (degraded === false) refuse(`${path}.degraded`, 'true, or nothing', degraded);
    return degraded ? { ...event, degraded: true } : event;
  },
  cleared: (value, path) => ({ utterance: null, ...clearedEvent(value, path) }),
  'commit-empty': map({ kind: oneOf('commit-empty'), atS: seconds }),
  lag: map({ kind: oneOf('lag'), lagMs: milliseconds }),
  shed: map({ kind: oneOf('shed'), what: oneOf('partials', 'fusion', 'nothing'), lagMs: milliseconds }),
};

const finalEvent = map({
  kind: oneOf('final'),
  utterance,
  stage: oneOf('recognized', 'fused', 'corrected'),
  text: text(),
  committed: text(),
  result: resultSchema,
  language: name,
  degraded: optional(boolean),
});

const clearedEvent = map({ kind: oneOf('cleared'), utterance: optional(utterance), atS: seconds });

export const liveEvent: Check<LiveEvent> = (value, path) => {
  if (!isMap(value)) return refuse(path, 'a map', value);
  const kind = oneOf(...LIVE_KINDS)(value['kind'], `${path}.kind`);
  return EVENTS[kind](value, path);
};

// The keys of the table are the kinds themselves.
const LIVE_KINDS = Object.keys(EVENTS) as LiveEvent['kind'][];
