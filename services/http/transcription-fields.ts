/** Fields of `/v1/audio/*`: what each does, and what a form comes to. docs/api.md lists the same (a test compares them). */
import { PRESETS } from '../../fusion/gfd/presets.ts';
import { AppError } from '../../models/core/app-error.ts';
import { BEAMS_MAX } from '../../models/core/limits.ts';
import type { TranscribeRequest } from '../app/bytefuse.ts';
import { type FieldSpec, type FormFields, invalidField } from './form-fields.ts';

export const TRANSCRIPT_FORMATS = ['json', 'text', 'srt', 'vtt', 'verbose_json', 'tsv'] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];
/** Formats of which a window can stand alone. */
const STREAMED: readonly TranscriptFormat[] = ['json', 'text', 'verbose_json'];

export type Granularity = 'word' | 'segment';

export interface TranscriptionWish {
  /** As sent; undefined takes the service's own. */
  readonly model: string | undefined;
  readonly format: TranscriptFormat;
  readonly stream: boolean;
  readonly logprobs: boolean;
  readonly granularities: readonly Granularity[];
  readonly deadlineMs: number | undefined;
  readonly request: TranscribeRequest;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const between = (minimum: number, maximum: number) => ({ type: 'number', minimum, maximum }) as const;
const whole = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum }) as const;
const choice = (values: readonly string[]) => ({ type: 'string', enum: values }) as const;

/** Hotwords of one request: beyond it the prompt, which Whisper sees 224 tokens of, is full. */
const HOTWORDS_MAX = 200;
const SEED_MAX = 2 ** 32 - 1;
/** A day, in milliseconds; the service's own limit is lower. */
export const DEADLINE_FIELD_MS_MAX = 86_400_000;

export const TRANSCRIPTION_FIELDS: readonly FieldSpec[] = [
  {
    name: 'file',
    use: 'honoured',
    schema: { type: 'string', format: 'binary' },
    about: 'The recording, known by its content.',
  },
  { name: 'model', use: 'honoured', schema: text, about: 'A name from /v1/models; whisper-1 stands for the default.' },
  { name: 'language', use: 'honoured', schema: text, about: 'ISO 639-1, or auto (the default).' },
  {
    name: 'languages[]',
    use: 'honoured',
    schema: text,
    list: true,
    about: 'One language is the same as language; several are refused, for detection cannot be narrowed down.',
  },
  {
    name: 'prompt',
    use: 'honoured',
    schema: text,
    about: 'Text before the recording: style and spelling for the recognizer.',
  },
  { name: 'keywords[]', use: 'honoured', schema: text, list: true, about: 'Names and terms to expect.' },
  { name: 'keywords', use: 'honoured', schema: text, list: true, about: 'The same.' },
  { name: 'hotwords', use: 'honoured', schema: text, list: true, about: 'The same, with commas between them.' },
  {
    name: 'response_format',
    use: 'honoured',
    schema: choice(TRANSCRIPT_FORMATS),
    about: 'json unless told otherwise.',
  },
  {
    name: 'temperature',
    use: 'honoured',
    schema: between(0, 1),
    about: '0 (the default) is the ladder of fallbacks; anything else is the one temperature that is used.',
  },
  {
    name: 'timestamp_granularities[]',
    use: 'honoured',
    schema: choice(['word', 'segment']),
    list: true,
    about: 'With verbose_json only. Default segment; word alone leaves the segments out.',
  },
  {
    name: 'timestamp_granularities',
    use: 'honoured',
    schema: choice(['word', 'segment']),
    list: true,
    about: 'The same.',
  },
  {
    name: 'stream',
    use: 'honoured',
    schema: flag,
    about:
      'Server-sent events, a delta per window of the recording. With json, text and verbose_json; the last adds what the window gave.',
  },
  {
    name: 'include[]',
    use: 'honoured',
    schema: choice(['logprobs']),
    list: true,
    about: 'logprobs: log-probability of every token, by the recognizer. With json only.',
  },
  { name: 'include', use: 'honoured', schema: choice(['logprobs']), list: true, about: 'The same.' },
  {
    name: 'chunking_strategy',
    use: 'honoured',
    schema: text,
    about:
      'auto, or {"type":"server_vad"}: stretches without speech are skipped, as is done anyway. Its numbers are refused.',
  },
  {
    name: 'chunking_strategy[type]',
    use: 'honoured',
    schema: choice(['server_vad']),
    about: 'The same, as forms nest it.',
  },
  { name: 'chunking_strategy[threshold]', use: 'refused', about: 'the voice detector’s numbers are fixed.' },
  { name: 'chunking_strategy[prefix_padding_ms]', use: 'refused', about: 'the voice detector’s numbers are fixed.' },
  { name: 'chunking_strategy[silence_duration_ms]', use: 'refused', about: 'the voice detector’s numbers are fixed.' },
  { name: 'known_speaker_names[]', use: 'refused', about: 'speakers are not told apart.' },
  { name: 'known_speaker_names', use: 'refused', about: 'speakers are not told apart.' },
  { name: 'known_speaker_references[]', use: 'refused', about: 'speakers are not told apart.' },
  { name: 'known_speaker_references', use: 'refused', about: 'speakers are not told apart.' },
  {
    name: 'user',
    use: 'without effect',
    schema: text,
    about: 'Taken and not used: nothing is kept of who speaks.',
  },
  {
    name: 'llm_weight',
    use: 'honoured',
    schema: between(0, 1),
    about: 'r: weight of the language model; the preset’s otherwise.',
  },
  { name: 'llm_prompt', use: 'honoured', schema: text, about: 'A sentence on the domain, for the language model.' },
  { name: 'preset', use: 'honoured', schema: choice(PRESETS), about: 'Numbers of the fusion.' },
  { name: 'script', use: 'honoured', schema: choice(['hans', 'hant', 'keep']), about: 'Chinese output.' },
  { name: 'beams', use: 'honoured', schema: whole(1, BEAMS_MAX), about: 'Hypotheses kept in the search.' },
  {
    name: 'n_best',
    use: 'honoured',
    schema: whole(1, BEAMS_MAX),
    about: 'Hypotheses reported per window (verbose_json).',
  },
  { name: 'seed', use: 'honoured', schema: whole(0, SEED_MAX), about: 'Of sampling at temperatures above 0.' },
  { name: 'vad', use: 'honoured', schema: flag, about: 'false decodes stretches without speech too.' },
  { name: 'exact', use: 'honoured', schema: flag, about: 'Full windows of 30 s, as the reference implementation.' },
  {
    name: 'explain',
    use: 'honoured',
    schema: flag,
    about: 'Where the language model changed the outcome (verbose_json).',
  },
  { name: 'allow_truncated', use: 'honoured', schema: flag, about: 'Go on with a file that ends early, and warn.' },
  {
    name: 'deadline_ms',
    use: 'honoured',
    schema: whole(1, DEADLINE_FIELD_MS_MAX),
    about: 'Give up after this long; the header x-deadline-ms does the same.',
  },
];

/** Throws unsupported_parameter, invalid_option; each names its field. */
export function readTranscriptionFields(fields: FormFields, task: 'transcribe' | 'translate'): TranscriptionWish {
  fields.checkNames(TRANSCRIPTION_FIELDS);
  const format = formatOf(fields);
  const stream = fields.flag('stream') ?? false;
  const logprobs = wantsLogprobs(fields, format);
  const granularities = granularitiesOf(fields, format);
  if (stream && !STREAMED.includes(format)) {
    throw new AppError('unsupported_parameter', `stream goes with ${STREAMED.join(', ')}, not with ${format}.`, {
      param: 'stream',
    });
  }
  const vad = vadOf(fields);
  const words = granularities.includes('word');
  const request: TranscribeRequest = {
    task,
    language: languageOf(fields),
    prompt: fields.text('prompt') ?? '',
    hotwords: hotwordsOf(fields),
    timestamps: words ? 'word' : 'segment',
    ...given('temperatures', temperaturesOf(fields)),
    ...given('vad', vad),
    ...given('llmWeight', fields.number('llm_weight', 0, 1)),
    ...given('llmPrompt', fields.text('llm_prompt')),
    ...given('preset', fields.choice('preset', PRESETS)),
    ...given('script', fields.choice('script', ['hans', 'hant', 'keep'] as const)),
    ...given('beams', fields.whole('beams', 1, BEAMS_MAX)),
    ...given('nBest', fields.whole('n_best', 1, BEAMS_MAX)),
    ...given('seed', fields.whole('seed', 0, SEED_MAX)),
    ...given('exact', fields.flag('exact')),
    ...given('explain', fields.flag('explain')),
    ...given('allowTruncated', fields.flag('allow_truncated')),
  };
  const deadlineMs = fields.whole('deadline_ms', 1, DEADLINE_FIELD_MS_MAX);
  return { model: fields.text('model'), format, stream, logprobs, granularities, deadlineMs, request };
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: Value };
}

function formatOf(fields: FormFields): TranscriptFormat {
  if (fields.text('response_format') === 'diarized_json') {
    throw new AppError('unsupported_parameter', 'diarized_json is not supported: speakers are not told apart.', {
      param: 'response_format',
    });
  }
  return fields.choice('response_format', TRANSCRIPT_FORMATS) ?? 'json';
}

function languageOf(fields: FormFields): string {
  const listed = fields.list('languages[]');
  const language = fields.text('language');
  if (listed.length > 1) {
    throw new AppError('unsupported_parameter', 'Detection cannot be narrowed down to several languages.', {
      param: 'languages[]',
    });
  }
  if (listed.length === 1 && language !== undefined && listed[0] !== language) {
    throw invalidField('languages[]', listed[0]!, `the same as language (${language})`);
  }
  return (language ?? listed[0] ?? 'auto').toLowerCase();
}

function hotwordsOf(fields: FormFields): string[] {
  const listed = fields.list('keywords[]', 'keywords');
  const spelled = fields.list('hotwords').flatMap((words) => words.split(/[,，、]/u));
  const words = [...listed, ...spelled].map((word) => word.trim()).filter((word) => word !== '');
  if (words.length > HOTWORDS_MAX) {
    throw invalidField('keywords[]', `${words.length} words`, `at most ${HOTWORDS_MAX} words`);
  }
  return words;
}

function temperaturesOf(fields: FormFields): readonly number[] | undefined {
  const temperature = fields.number('temperature', 0, 1);
  return temperature === undefined || temperature === 0 ? undefined : [temperature];
}

function granularitiesOf(fields: FormFields, format: TranscriptFormat): readonly Granularity[] {
  const name = 'timestamp_granularities[]';
  const wanted = fields.list(name, 'timestamp_granularities').flatMap((value) => value.split(','));
  for (const value of wanted) {
    if (value !== 'word' && value !== 'segment') throw invalidField(name, value, 'word or segment');
  }
  if (wanted.length > 0 && format !== 'verbose_json') {
    throw new AppError('unsupported_parameter', `${name} goes with verbose_json, not with ${format}.`, { param: name });
  }
  // Checked just above.
  return wanted.length > 0 ? (wanted as Granularity[]) : ['segment'];
}

function wantsLogprobs(fields: FormFields, format: TranscriptFormat): boolean {
  const wanted = fields.list('include[]', 'include');
  for (const value of wanted) if (value !== 'logprobs') throw invalidField('include[]', value, 'logprobs');
  if (wanted.length > 0 && format !== 'json') {
    throw new AppError('unsupported_parameter', `include[]=logprobs goes with json, not with ${format}.`, {
      param: 'include[]',
    });
  }
  return wanted.length > 0;
}

/** Both strategies skip stretches without speech, which is done anyway; `vad=false` contradicts them. */
function vadOf(fields: FormFields): boolean | undefined {
  const vad = fields.flag('vad');
  const strategy = fields.text('chunking_strategy');
  const nested = fields.choice('chunking_strategy[type]', ['server_vad'] as const);
  if (strategy !== undefined && strategy !== 'auto') checkStrategy(strategy);
  if (vad === false && (strategy !== undefined || nested !== undefined)) {
    throw invalidField('vad', 'false', 'true where a chunking_strategy is given');
  }
  return vad;
}

function checkStrategy(strategy: string): void {
  let value: unknown;
  try {
    value = JSON.parse(strategy);
  } catch {
    value = null;
  }
  if (typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'server_vad') {
    throw invalidField('chunking_strategy', strategy, 'auto or {"type":"server_vad"}');
  }
  const further = Object.keys(value).find((name) => name !== 'type');
  if (further === undefined) return;
  throw new AppError('unsupported_parameter', `The voice detector’s numbers are fixed; leave ${further} out.`, {
    param: `chunking_strategy[${further}]`,
  });
}
