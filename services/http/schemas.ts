/** JSON schemas of the routes: Fastify writes answers by them, and the OpenAPI document is made of them. */
import { DOCUMENT_FORMATS } from '../output/document/document-writer.ts';
import { DOCUMENT_FIELDS } from './document-fields.ts';
import type { FieldSpec } from './form-fields.ts';
import { TRANSCRIPTION_FIELDS } from './transcription-fields.ts';

const text = { type: 'string' } as const;
const number = { type: 'number' } as const;

const errorSchema = {
  description: 'A refusal or a failure; its codes are listed at /docs#errors.',
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: { message: text, type: text, param: { ...text, nullable: true }, code: text },
    },
  },
} as const;

const failures = { '4xx': errorSchema, '5xx': errorSchema } as const;

/** What is refused stands in no schema, so it is told beside it: names with the reason. Programs know `x-` for an extension. */
function refusedFields(fields: readonly FieldSpec[]) {
  return Object.fromEntries(fields.filter(({ use }) => use === 'refused').map(({ name, about }) => [name, about]));
}

/** Properties of a form; what is refused stands in no schema. */
function formSchema(fields: readonly FieldSpec[]) {
  const properties = fields
    .filter(({ use }) => use !== 'refused')
    .map(({ name, schema, list, about }) => [
      name,
      { ...(list ? { type: 'array', items: schema } : schema), description: about },
    ]);
  return { type: 'object', required: ['file'], properties: Object.fromEntries(properties) };
}

/** Any body: what it is stands in the description, for the route chooses among several types. */
const content = (description: string, types: readonly string[]) => ({
  description,
  content: Object.fromEntries(types.map((type) => [type, { schema: {} }])),
});

export function transcriptionSchema(task: 'transcribe' | 'translate') {
  return {
    summary: task === 'transcribe' ? 'Write down a recording' : 'Write down a recording in English',
    description: 'multipart/form-data with a part named file. Fields that are unknown or not supported are refused.',
    tags: ['speech'],
    consumes: ['multipart/form-data'],
    body: formSchema(TRANSCRIPTION_FIELDS),
    'x-refused-fields': refusedFields(TRANSCRIPTION_FIELDS),
    response: {
      200: content('The transcript in the format that was asked for, or events where stream is true.', [
        'application/json',
        'text/plain',
        'application/x-subrip',
        'text/vtt',
        'text/tab-separated-values',
        'text/event-stream',
      ]),
      ...failures,
    },
  };
}

export const documentSchema = {
  summary: 'Read a document',
  description: `Pictures and PDF: a form, or a raw body with the fields in the address. Formats: ${DOCUMENT_FORMATS.join(', ')}.`,
  tags: ['documents'],
  consumes: ['multipart/form-data', 'application/octet-stream'],
  body: formSchema(DOCUMENT_FIELDS),
  response: {
    200: content('The document in the format that was asked for, or events where stream is true.', [
      'application/json',
      'text/plain',
      'text/markdown',
      'text/html',
      'application/xml',
      'text/tab-separated-values',
      'application/pdf',
      'text/event-stream',
    ]),
    ...failures,
  },
};

const model = {
  type: 'object',
  properties: { id: text, object: text, created: number, owned_by: text, kind: text, root: text },
} as const;

export const modelListSchema = {
  summary: 'Models that can be named',
  tags: ['models'],
  response: {
    200: {
      description: 'Those that are loaded, and the alias.',
      type: 'object',
      properties: { object: text, data: { type: 'array', items: model } },
    },
    ...failures,
  },
} as const;

export const modelSchema = {
  summary: 'One of them',
  tags: ['models'],
  params: { type: 'object', properties: { id: text } },
  response: { 200: { description: 'The model.', ...model }, ...failures },
} as const;

export const healthSchema = {
  summary: 'The process answers',
  tags: ['operation'],
  response: { 200: { description: 'It does.', type: 'object', properties: { status: text } } },
} as const;

const texts = { type: 'array', items: text } as const;
const depth = { type: 'object', properties: { running: number, waiting: number } } as const;
const ready = {
  type: 'object',
  properties: {
    status: { ...text, enum: ['loading', 'ready', 'degraded', 'draining'] },
    version: text,
    models: {
      type: 'object',
      nullable: true,
      properties: {
        recognizer: { ...text, nullable: true },
        pages: { ...text, nullable: true },
        llm: { ...text, nullable: true },
        device: text,
        providers: {
          type: 'object',
          properties: { recognizer: texts, pages: texts, llm: texts },
        },
        threads: number,
      },
    },
    queues: { type: 'object', properties: { speech: depth, page: depth } },
  },
} as const;

export const readySchema = {
  summary: 'Work is taken',
  tags: ['operation'],
  response: { 200: { description: 'Yes.', ...ready }, 503: { description: 'Not now.', ...ready } },
} as const;

export const metricsSchema = {
  summary: 'Figures for Prometheus',
  tags: ['operation'],
  response: { 200: content('The text format.', ['text/plain']), ...failures },
} as const;
