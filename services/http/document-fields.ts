/** Fields of `/v1/documents`, in a form or in the address. docs/api.md lists the same (a test compares them). */
import { AppError } from '../../models/core/app-error.ts';
import type { ReadRequest } from '../app/bytefuse.ts';
import { fieldRulesFrom } from '../app/field-rules.ts';
import { LINE_BEAMS_MAX, LLM_WEIGHT_MAX } from '../app/read-defaults.ts';
import { PDF_DPI_MAX, PDF_DPI_MIN } from '../intake/limits.ts';
import { DOCUMENT_FORMATS, type DocumentFormat } from '../output/document/document-writer.ts';
import { type FieldSpec, type FormFields, invalidField } from './form-fields.ts';
import { DEADLINE_FIELD_MS_MAX } from './transcription-fields.ts';

export interface DocumentWish {
  readonly model: string | undefined;
  readonly format: DocumentFormat;
  readonly stream: boolean;
  readonly deadlineMs: number | undefined;
  readonly request: ReadRequest;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const MODES = ['greedy', 'alone', 'fused', 'faithful'] as const;
const SCRIPTS = ['hans', 'hant', 'keep'] as const;
const LINES = ['auto', 'yes', 'no'] as const;
const LAYERS = ['auto', 'never'] as const;
/** Formats of which a page can stand alone. */
const STREAMED: readonly DocumentFormat[] = ['text', 'markdown', 'json'];
/** Ranges of pages in one request; more is a mistake. */
const RANGES_MAX = 100;

export const DOCUMENT_FIELDS: readonly FieldSpec[] = [
  {
    name: 'file',
    use: 'honoured',
    schema: { type: 'string', format: 'binary' },
    about: 'The document; in a raw body it is the body.',
  },
  { name: 'model', use: 'honoured', schema: text, about: 'The page recognizer’s name from /v1/models.' },
  {
    name: 'format',
    use: 'honoured',
    schema: { type: 'string', enum: DOCUMENT_FORMATS },
    about: 'json unless told otherwise.',
  },
  {
    name: 'stream',
    use: 'honoured',
    schema: flag,
    about: 'Server-sent events, a page each. With text, markdown and json only.',
  },
  { name: 'language', use: 'honoured', schema: text, about: 'ISO 639-1, or auto (the default).' },
  { name: 'pages', use: 'honoured', schema: text, about: 'Pages to read, such as 1-3,7 or 5-.' },
  {
    name: 'dpi',
    use: 'honoured',
    schema: { type: 'number', minimum: PDF_DPI_MIN, maximum: PDF_DPI_MAX },
    about: 'PDF: resolution.',
  },
  {
    name: 'text_layer',
    use: 'honoured',
    schema: { type: 'string', enum: LAYERS },
    about: 'PDF: never recognizes pages that carry sound text too.',
  },
  {
    name: 'mode',
    use: 'honoured',
    schema: { type: 'string', enum: MODES },
    about: 'How far the language model takes part.',
  },
  {
    name: 'llm_weight',
    use: 'honoured',
    schema: { type: 'number', minimum: 0, maximum: LLM_WEIGHT_MAX },
    about: 'Weight of the language model.',
  },
  { name: 'llm_prompt', use: 'honoured', schema: text, about: 'A sentence on the domain, for the language model.' },
  {
    name: 'beams',
    use: 'honoured',
    schema: { type: 'integer', minimum: 1, maximum: LINE_BEAMS_MAX },
    about: 'Readings of a line kept in the search.',
  },
  {
    name: 'n_best',
    use: 'honoured',
    schema: { type: 'integer', minimum: 1, maximum: LINE_BEAMS_MAX },
    about: 'Readings reported per line (json).',
  },
  { name: 'script', use: 'honoured', schema: { type: 'string', enum: SCRIPTS }, about: 'Chinese output.' },
  { name: 'orient', use: 'honoured', schema: flag, about: 'false takes pages for upright.' },
  { name: 'deskew', use: 'honoured', schema: flag, about: 'false takes lines for level.' },
  { name: 'single_line', use: 'honoured', schema: { type: 'string', enum: LINES }, about: 'The picture is one line.' },
  { name: 'fields', use: 'honoured', schema: text, about: 'JSON: boxes that only certain strings may fill.' },
  { name: 'explain', use: 'honoured', schema: flag, about: 'Keeps what each change was made from (json).' },
  {
    name: 'deadline_ms',
    use: 'honoured',
    schema: { type: 'integer', minimum: 1, maximum: DEADLINE_FIELD_MS_MAX },
    about: 'Give up after this long.',
  },
];

/** Throws unsupported_parameter, invalid_option; each names its field. */
export function readDocumentFields(fields: FormFields): DocumentWish {
  fields.checkNames(DOCUMENT_FIELDS);
  const format = fields.choice('format', DOCUMENT_FORMATS) ?? 'json';
  const stream = fields.flag('stream') ?? false;
  if (stream && !STREAMED.includes(format)) {
    throw new AppError('unsupported_parameter', `stream goes with ${STREAMED.join(', ')}, not with ${format}.`, {
      param: 'stream',
    });
  }
  const rules = fields.text('fields');
  const values = {
    language: fields.text('language')?.toLowerCase(),
    pages: pagesOf(fields),
    dpi: fields.number('dpi', PDF_DPI_MIN, PDF_DPI_MAX),
    textLayer: fields.choice('text_layer', LAYERS),
    mode: fields.choice('mode', MODES),
    llmWeight: fields.number('llm_weight', 0, LLM_WEIGHT_MAX),
    llmPrompt: fields.text('llm_prompt'),
    beams: fields.whole('beams', 1, LINE_BEAMS_MAX),
    nBest: fields.whole('n_best', 1, LINE_BEAMS_MAX),
    script: fields.choice('script', SCRIPTS),
    orient: fields.flag('orient'),
    deskew: fields.flag('deskew'),
    singleLine: fields.choice('single_line', LINES),
    fields: rules === undefined ? undefined : rulesOf(rules),
    explain: fields.flag('explain'),
  };
  // Only what was given: the rest takes its defaults.
  const request = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as ReadRequest;
  const deadlineMs = fields.whole('deadline_ms', 1, DEADLINE_FIELD_MS_MAX);
  return { model: fields.text('model'), format, stream, deadlineMs, request };
}

function rulesOf(text: string): ReadRequest['fields'] {
  try {
    return fieldRulesFrom(text, 'fields');
  } catch (error) {
    const { code, message } = AppError.from(error);
    throw new AppError(code, message, { cause: error, param: 'fields' });
  }
}

function pagesOf(fields: FormFields): [number, number][] | undefined {
  const given = fields.text('pages');
  if (given === undefined) return undefined;
  const parts = given.split(',');
  const wrong = () => invalidField('pages', given, 'pages such as 1-3,7 or 5-');
  if (parts.length > RANGES_MAX) throw wrong();
  return parts.map((part) => {
    const match = /^(\d{1,9})(?:(-)(\d{0,9}))?$/.exec(part.trim());
    if (!match) throw wrong();
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : match[3] === '' ? PAGE_LAST : Number(match[3]);
    if (first < 1 || last < first) throw wrong();
    return [first, last];
  });
}

/** Stands for the last page, however many there are. */
const PAGE_LAST = 2 ** 31 - 1;
