import { boolean, type Check, integer, isMap, list, number, oneOf, text } from '../../fusion/protocol/schema.ts';
import { AppError } from '../../models/core/app-error.ts';
import { checked } from './checked.ts';
import { ID_CHARS_MAX, KEYWORDS_MAX, PROMPT_CHARS_MAX } from './limits.ts';
import type { ListenRequest } from './live-source.ts';
import type { PcmShape } from './pcm-decoder.ts';

/** `current`: session.update and audio.input; `beta`: transcription_session.update and input_audio_*. */
export type Dialect = 'current' | 'beta';

export type RealtimeFormat = 'pcm' | 'pcmu' | 'pcma';
type Delay = keyof typeof DELAY_MS;

export interface Transcription {
  readonly model: string;
  readonly language: string | null;
  readonly prompt: string | null;
  readonly keywords: readonly string[] | null;
  readonly delay: Delay | null;
}

export interface ServerVad {
  readonly threshold: number;
  readonly prefixPaddingMs: number;
  readonly silenceMs: number;
  readonly idleTimeoutMs: number | null;
}

/** The effective settings of a session, whatever dialect set them. */
export interface RealtimeConfig {
  readonly format: RealtimeFormat;
  readonly transcription: Transcription;
  /** Null: the client commits. */
  readonly turnDetection: ServerVad | null;
  readonly logprobs: boolean;
}

/** What depends on this service. */
export interface RealtimeRules {
  readonly defaultModel: string;
  /** The name under which the model is known here. Throws model_unknown. */
  checkModel(name: string): string;
  /** False where tokens cannot be spelled here. */
  readonly hasLogprobs: boolean;
}

/** New audio between two looks at the text. */
const DELAY_MS = { minimal: 200, low: 350, medium: 500, high: 1000, xhigh: 2000 } as const;
const DELAYS = ['minimal', 'low', 'medium', 'high', 'xhigh'] as const;
const LOGPROBS = 'item.input_audio_transcription.logprobs';

export const defaultServerVad: ServerVad = {
  threshold: 0.5,
  prefixPaddingMs: 300,
  silenceMs: 500,
  idleTimeoutMs: null,
};

/** Names of raw audio: ours, the current dialect's, the beta one's. */
const FORMATS = [
  ['pcm', 'audio/pcm', 'pcm16'],
  ['pcmu', 'audio/pcmu', 'g711_ulaw'],
  ['pcma', 'audio/pcma', 'g711_alaw'],
] as const;
const PCM_RATE_HZ = 24_000;

export function initialConfig(rules: RealtimeRules, query: { model: string | null; language: string | null }) {
  const model = query.model === null ? rules.defaultModel : rules.checkModel(query.model);
  const transcription = { ...emptyTranscription(model), language: query.language };
  return { format: 'pcm', transcription, turnDetection: defaultServerVad, logprobs: false } satisfies RealtimeConfig;
}

function emptyTranscription(model: string): Transcription {
  return { model, language: null, prompt: null, keywords: null, delay: null };
}

/**
 * The settings after an update: only fields that are sent change, null clears. Throws unsupported_parameter for what is not
 * done here, invalid_option for values out of range, model_unknown; `param` names the field.
 */
export function updatedConfig(
  before: RealtimeConfig,
  session: unknown,
  dialect: Dialect,
  rules: RealtimeRules,
): RealtimeConfig {
  return dialect === 'current' ? currentUpdate(before, session, rules) : betaUpdate(before, session, rules);
}

function currentUpdate(before: RealtimeConfig, value: unknown, rules: RealtimeRules): RealtimeConfig {
  const session = fields(value, 'session', ['type', 'audio', 'include']);
  checked(oneOf('transcription'), session['type'], 'session.type');
  const path = 'session.audio.input';
  const audio = session['audio'] === undefined ? {} : fields(session['audio'], 'session.audio', ['input']);
  const known = ['format', 'noise_reduction', 'transcription', 'turn_detection'];
  const input = audio['input'] === undefined ? {} : fields(audio['input'], path, known);
  const { format } = input;
  return updateOf(before, rules, path, {
    format: format === undefined ? undefined : format === null ? 'pcm' : currentFormat(format, `${path}.format`),
    noiseReduction: [input['noise_reduction'], `${path}.noise_reduction`],
    transcription: [input['transcription'], `${path}.transcription`],
    turnDetection: [input['turn_detection'], `${path}.turn_detection`],
    include: session['include'],
  });
}

function betaUpdate(before: RealtimeConfig, value: unknown, rules: RealtimeRules): RealtimeConfig {
  const path = 'session';
  const session = fields(value, path, [
    'input_audio_format',
    'input_audio_transcription',
    'turn_detection',
    'input_audio_noise_reduction',
    'include',
  ]);
  const format = session['input_audio_format'];
  const names = FORMATS.map(([, , name]) => name);
  return updateOf(before, rules, path, {
    format:
      format === undefined
        ? undefined
        : format === null
          ? 'pcm'
          : formatOf(checked(oneOf(...names), format, `${path}.input_audio_format`)),
    noiseReduction: [session['input_audio_noise_reduction'], `${path}.input_audio_noise_reduction`],
    transcription: [session['input_audio_transcription'], `${path}.input_audio_transcription`],
    turnDetection: [session['turn_detection'], `${path}.turn_detection`],
    include: session['include'],
  });
}

type Sent = readonly [value: unknown, path: string];

function updateOf(
  before: RealtimeConfig,
  rules: RealtimeRules,
  path: string,
  sent: {
    readonly format: RealtimeFormat | undefined;
    readonly noiseReduction: Sent;
    readonly transcription: Sent;
    readonly turnDetection: Sent;
    readonly include: unknown;
  },
): RealtimeConfig {
  const [noiseReduction, noisePath] = sent.noiseReduction;
  if (noiseReduction !== undefined && noiseReduction !== null) {
    throw unsupported(noisePath, 'Noise reduction is not done here: leave it null.');
  }
  return {
    format: sent.format ?? before.format,
    transcription: transcriptionOf(before.transcription, sent.transcription, rules),
    turnDetection: turnsOf(before.turnDetection, sent.turnDetection),
    logprobs: includeOf(before.logprobs, sent.include, `${path.split('.')[0]}.include`, rules),
  };
}

function currentFormat(value: unknown, path: string): RealtimeFormat {
  const { type, rate } = fields(value, path, ['type', 'rate']);
  const found = formatOf(checked(oneOf(...FORMATS.map(([, name]) => name)), type, `${path}.type`));
  if (rate !== undefined && rate !== null) {
    if (found === 'pcm') checked(integer(PCM_RATE_HZ, PCM_RATE_HZ), rate, `${path}.rate`);
    else throw unsupported(`${path}.rate`, 'G.711 has one rate, 8000.');
  }
  return found;
}

function formatOf(name: string): RealtimeFormat {
  return FORMATS.find(([, current, beta]) => current === name || beta === name)![0];
}

function transcriptionOf(before: Transcription, [value, path]: Sent, rules: RealtimeRules): Transcription {
  if (value === undefined) return before;
  if (value === null) return emptyTranscription(rules.defaultModel);
  const sent = fields(value, path, ['model', 'language', 'languages', 'prompt', 'keywords', 'delay']);
  const one = <T>(name: string, check: Check<T>, now: T | null): T | null => {
    if (sent[name] === undefined) return now;
    return sent[name] === null ? null : checked(check, sent[name], `${path}.${name}`);
  };
  const languages = one('languages', list(text(ID_CHARS_MAX, 1), KEYWORDS_MAX), null);
  if (languages !== null && languages.length > 1) {
    throw unsupported(
      `${path}.languages`,
      'One language, or none for a guess; choosing among several is not done here.',
    );
  }
  const model = one('model', text(ID_CHARS_MAX, 1), before.model);
  const known = model === null ? rules.defaultModel : withParam(`${path}.model`, () => rules.checkModel(model));
  return {
    model: known,
    language: languages?.[0] ?? one('language', text(ID_CHARS_MAX), before.language),
    prompt: one('prompt', text(PROMPT_CHARS_MAX), before.prompt),
    keywords: one('keywords', list(text(ID_CHARS_MAX, 1), KEYWORDS_MAX), before.keywords),
    delay: one('delay', oneOf(...DELAYS), before.delay),
  };
}

function turnsOf(before: ServerVad | null, [value, path]: Sent): ServerVad | null {
  if (value === undefined) return before;
  if (value === null) return null;
  if (isMap(value) && value['type'] === 'semantic_vad') {
    throw unsupported(`${path}.type`, 'semantic_vad is not done here: use server_vad, or null and commit.');
  }
  const names = [
    'type',
    'threshold',
    'prefix_padding_ms',
    'silence_duration_ms',
    'idle_timeout_ms',
    'create_response',
    'interrupt_response',
  ];
  const sent = fields(value, path, names);
  checked(oneOf('server_vad'), sent['type'] ?? 'server_vad', `${path}.type`);
  for (const name of ['create_response', 'interrupt_response']) {
    const given = sent[name];
    if (given !== undefined && given !== null && checked(boolean, given, `${path}.${name}`)) {
      throw unsupported(`${path}.${name}`, 'A transcription session gives no responses: leave it out, or false.');
    }
  }
  const now = before ?? defaultServerVad;
  const one = (name: string, check: Check<number>, current: number, cleared: number): number => {
    if (sent[name] === undefined) return current;
    return sent[name] === null ? cleared : checked(check, sent[name], `${path}.${name}`);
  };
  const idle = sent['idle_timeout_ms'];
  return {
    threshold: one('threshold', number(0.05, 0.95), now.threshold, defaultServerVad.threshold),
    prefixPaddingMs: one('prefix_padding_ms', number(0, 2000), now.prefixPaddingMs, defaultServerVad.prefixPaddingMs),
    silenceMs: one('silence_duration_ms', number(100, 10_000), now.silenceMs, defaultServerVad.silenceMs),
    idleTimeoutMs:
      idle === undefined
        ? now.idleTimeoutMs
        : idle === null
          ? null
          : checked(number(5000, 30_000), idle, `${path}.idle_timeout_ms`),
  };
}

function includeOf(before: boolean, value: unknown, path: string, { hasLogprobs }: RealtimeRules): boolean {
  if (value === undefined) return before;
  if (value === null) return false;
  const wanted = checked(list(text(ID_CHARS_MAX), 16), value, path);
  const odd = wanted.find((name) => name !== LOGPROBS);
  if (odd !== undefined) throw unsupported(path, `${odd} cannot be included here; ${LOGPROBS} can.`);
  if (wanted.length > 0 && !hasLogprobs) {
    throw unsupported(path, 'The recognizer runs elsewhere, and its tokens cannot be spelled here.');
  }
  return wanted.length > 0;
}

/** How `config` goes to the client: the whole effective session. */
export function sessionObject(id: string, expiresAtS: number, config: RealtimeConfig, dialect: Dialect) {
  const { format, transcription, turnDetection, logprobs } = config;
  const { model, language, prompt, keywords, delay } = transcription;
  const told = {
    model,
    ...(language === null ? {} : { language }),
    ...(prompt === null ? {} : { prompt }),
    ...(keywords === null ? {} : { keywords }),
    ...(delay === null ? {} : { delay }),
  };
  const turns = turnDetection && {
    type: 'server_vad',
    threshold: turnDetection.threshold,
    prefix_padding_ms: turnDetection.prefixPaddingMs,
    silence_duration_ms: turnDetection.silenceMs,
    ...(turnDetection.idleTimeoutMs === null ? {} : { idle_timeout_ms: turnDetection.idleTimeoutMs }),
  };
  const [, current, beta] = FORMATS.find(([name]) => name === format)!;
  const base = { id, object: 'realtime.transcription_session', expires_at: expiresAtS };
  const include = logprobs ? [LOGPROBS] : null;
  if (dialect === 'beta') {
    return {
      ...base,
      input_audio_format: beta,
      input_audio_transcription: told,
      turn_detection: turns,
      input_audio_noise_reduction: null,
      include,
    };
  }
  const input = {
    format: format === 'pcm' ? { type: current, rate: PCM_RATE_HZ } : { type: current },
    transcription: told,
    noise_reduction: null,
    turn_detection: turns,
  };
  return { ...base, type: 'transcription', audio: { input }, include };
}

/** What the recognizer is asked for. */
export function listenRequest({ transcription, turnDetection }: RealtimeConfig): ListenRequest {
  const { language, prompt, keywords, delay } = transcription;
  return {
    ...(language === null || language === '' ? {} : { language }),
    ...(prompt === null ? {} : { prompt }),
    ...(keywords === null ? {} : { hotwords: keywords }),
    ...(delay === null ? {} : { partialIntervalMs: DELAY_MS[delay] }),
    turnDetection: turnDetection && {
      threshold: turnDetection.threshold,
      prefixPaddingMs: turnDetection.prefixPaddingMs,
      silenceMs: turnDetection.silenceMs,
    },
  };
}

export function pcmShape({ format }: RealtimeConfig): PcmShape {
  return format === 'pcm'
    ? { format: 'pcm16', rateHz: PCM_RATE_HZ, channels: 1 }
    : { format, rateHz: 8000, channels: 1 };
}

/** A map with no other fields than these. */
function fields(value: unknown, path: string, known: readonly string[]): Record<string, unknown> {
  if (!isMap(value)) throw new AppError('invalid_option', `Field ${path} is no object.`, { param: path });
  const odd = Object.keys(value).find((name) => !known.includes(name));
  if (odd !== undefined) throw unsupported(`${path}.${odd}`, `Field ${path}.${odd} is not known here.`);
  return value;
}

function unsupported(param: string, message: string): AppError {
  return new AppError('unsupported_parameter', message, { param });
}

function withParam<T>(param: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof AppError) || error.param !== undefined) throw error;
    throw new AppError(error.code, error.message, { cause: error, param });
  }
}
