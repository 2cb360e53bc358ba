import { PRESETS } from '../../fusion/gfd/presets.ts';
import {
  boolean,
  type Check,
  integer,
  isMap,
  list,
  map,
  number,
  oneOf,
  optional,
  text,
} from '../../fusion/protocol/schema.ts';
import { AppError } from '../../models/core/app-error.ts';
import { BEAMS_MAX } from '../../models/core/limits.ts';
import type { TurnDetection } from '../../models/core/live.ts';
import { defaultListenOptions } from '../../models/whisper/listen-defaults.ts';
import type { AudioShape } from './audio-intake.ts';
import { checked, parsedObject } from './checked.ts';
import { ID_CHARS_MAX, KEY_CHARS_MAX, KEYWORDS_MAX, PROMPT_CHARS_MAX } from './limits.ts';
import type { ListenRequest } from './live-source.ts';

/** The first message of /v1/stream, checked. */
export type StreamStart = NewStream | ResumedStream;

export interface NewStream {
  readonly kind: 'new';
  readonly key: string | null;
  readonly id: string | null;
  readonly audio: AudioShape;
  readonly request: ListenRequest;
  readonly wants: { readonly words: boolean; readonly alternatives: boolean; readonly provenance: boolean };
}

export interface ResumedStream {
  readonly kind: 'resume';
  readonly key: string | null;
  readonly token: string;
  readonly seq: number;
}

const RATE_HZ_DEFAULT = 16_000;

const pcm = map({
  format: oneOf('pcm16', 'float32'),
  rate: optional(integer(8000, 192_000)),
  channels: optional(integer(1, 8)),
});
const container = map({ format: oneOf('ogg-opus', 'webm-opus') });

const audioFormat = oneOf('pcm16', 'float32', 'ogg-opus', 'webm-opus');

const audioShape: Check<AudioShape> = (value, path) => {
  // What is no map is refused below.
  const format = isMap(value) ? audioFormat(value['format'], `${path}.format`) : undefined;
  if (format === 'ogg-opus' || format === 'webm-opus') return container(value, path);
  const shape = pcm(value, path);
  return { format: shape.format, rateHz: shape.rate ?? RATE_HZ_DEFAULT, channels: shape.channels ?? 1 };
};

const turns = map({
  silenceMs: optional(number(100, 10_000)),
  prefixPaddingMs: optional(number(0, 2000)),
  threshold: optional(number(0.05, 0.95)),
});

/** The recognizer's own: as clients of realtime services know them. */
const defaultTurns: TurnDetection = defaultListenOptions.turnDetection!;

/** Options that /v1/fuse takes in its query as well. */
export const optionFields = {
  language: optional(text(ID_CHARS_MAX, 1)),
  llmWeight: optional(number(0, 1)),
  preset: optional(oneOf(...PRESETS)),
  prompt: optional(text(PROMPT_CHARS_MAX)),
  llmPrompt: optional(text(PROMPT_CHARS_MAX)),
  keywords: optional(list(text(ID_CHARS_MAX, 1), KEYWORDS_MAX)),
  script: optional(oneOf('hans', 'hant', 'keep')),
  nBest: optional(integer(1, BEAMS_MAX)),
};

const start = map({
  type: oneOf('start'),
  id: optional(text(ID_CHARS_MAX)),
  key: optional(text(KEY_CHARS_MAX)),
  audio: audioShape,
  task: optional(oneOf('transcribe', 'translate')),
  ...optionFields,
  partials: optional(boolean),
  lightFusion: optional(boolean),
  words: optional(boolean),
  provenance: optional(boolean),
  turns: optional((value, path) => turns(value, path)),
});

const resume = map({ token: text(ID_CHARS_MAX, 1), seq: integer(0, Number.MAX_SAFE_INTEGER) });

/** Throws invalid_option, unsupported_parameter. */
export function parseStart(message: string): StreamStart {
  const value = parsedObject(message, 'The first message');
  if (value['type'] !== 'start') {
    throw new AppError('invalid_option', 'The first message has to be of type start.', { param: 'type' });
  }
  if (value['resume'] !== undefined && value['resume'] !== null) {
    const key = value['key'] === undefined ? null : checked(text(KEY_CHARS_MAX), value['key'], 'key');
    return { kind: 'resume', key, ...checked(resume, value['resume'], 'resume') };
  }
  const { resume: _, ...fields } = value;
  const given = checked(start, fields);
  return {
    kind: 'new',
    key: given.key ?? null,
    id: given.id ?? null,
    audio: given.audio,
    request: {
      ...requestOf(given),
      ...(given.task === undefined ? {} : { task: given.task }),
      ...(given.partials === false ? { partialIntervalMs: 0 } : {}),
      ...(given.lightFusion === undefined ? {} : { lightFusion: given.lightFusion }),
      timestamps: given.words ? 'word' : 'segment',
      explain: given.provenance ?? false,
      // The schema passes over null, which here says something.
      turnDetection: value['turns'] === null ? null : { ...defaultTurns, ...given.turns },
    },
    wants: {
      words: given.words ?? false,
      alternatives: (given.nBest ?? 1) > 1,
      provenance: given.provenance ?? false,
    },
  };
}

/** The recognizer's options that were given; it has defaults for the others. */
export function requestOf(given: {
  readonly language?: string;
  readonly llmWeight?: number;
  readonly preset?: string;
  readonly prompt?: string;
  readonly llmPrompt?: string;
  readonly keywords?: readonly string[];
  readonly script?: 'hans' | 'hant' | 'keep';
  readonly nBest?: number;
}): ListenRequest {
  const { keywords, nBest, ...same } = given;
  const { language, llmWeight, preset, prompt, llmPrompt, script } = same;
  return {
    ...(language === undefined ? {} : { language }),
    ...(llmWeight === undefined ? {} : { llmWeight }),
    ...(preset === undefined ? {} : { preset }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(llmPrompt === undefined ? {} : { llmPrompt }),
    ...(script === undefined ? {} : { script }),
    ...(keywords === undefined ? {} : { hotwords: keywords }),
    // A beam has to be as wide as the list that comes of it.
    ...(nBest === undefined ? {} : { nBest, beams: Math.max(nBest, defaultListenOptions.beams) }),
  };
}

/** What may follow `start` as text. Throws invalid_option, unsupported_parameter. */
export function parseControl(message: string): 'commit' | 'clear' | 'end' {
  const { type, ...rest } = parsedObject(message, 'A message');
  const odd = Object.keys(rest)[0];
  if (odd !== undefined) {
    throw new AppError('unsupported_parameter', `Field ${odd} is not known here.`, { param: odd });
  }
  if (type === 'commit' || type === 'clear' || type === 'end') return type;
  throw new AppError('invalid_option', 'After start, messages are of type commit, clear or end.', { param: 'type' });
}
