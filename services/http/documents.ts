/** `POST /v1/documents`: pictures and PDF, as a form or as a raw body whose options stand in the address. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../models/core/app-error.ts';
import type { DocumentPage } from '../../models/core/document.ts';
import type { Warning } from '../../models/core/stepwise.ts';
import { documentFormat, KIND_HEAD_BYTES } from '../../models/page-image/document-kind.ts';
import type { ReadResult } from '../app/bytefuse.ts';
import { type DocumentFormat, openDocumentWriter } from '../output/document/document-writer.ts';
import { pageValue } from '../output/document/json.ts';
import { openDocumentOutput } from '../output/document-output.ts';
import { longestMs } from '../server/config.ts';
import { requireModality } from '../server/engine-door.ts';
import type { Work } from '../server/work-room.ts';
import { type DocumentWish, readDocumentFields } from './document-fields.ts';
import { asAppError } from './error-reply.ts';
import { EVENT_HEADERS, EventFeed } from './event-feed.ts';
import { FormFields, queryEntries, refuseQuery } from './form-fields.ts';
import { checkModel } from './models.ts';
import { readForm, type Upload } from './multipart-form.ts';
import { documentSchema } from './schemas.ts';
import type { ServiceContext } from './service-context.ts';
import { receiveFile, type UploadFile, UploadWatch } from './upload-file.ts';

const DOCUMENT_TYPES: Readonly<Record<DocumentFormat, string>> = {
  text: 'text/plain; charset=utf-8',
  markdown: 'text/markdown; charset=utf-8',
  json: 'application/json; charset=utf-8',
  // hOCR is HTML by its standard; the policy of every answer here keeps anything in it from running.
  hocr: 'text/html; charset=utf-8',
  alto: 'application/xml; charset=utf-8',
  tsv: 'text/tab-separated-values; charset=utf-8',
  pdf: 'application/pdf',
};

export function documentRoutes(app: FastifyInstance, context: ServiceContext): void {
  app.post('/v1/documents', {
    config: { scope: 'read', work: 'page' },
    handlerTimeout: longestMs(context.config.limits),
    schema: documentSchema,
    validatorCompiler: () => () => true,
    handler: (request, reply) => request.work!.hold(() => answer(context, request, reply)),
  });
}

async function answer(context: ServiceContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const work = request.work!;
  const { fields, file } = await work.time('upload', () => receive(context, request, work));
  try {
    const wish = readDocumentFields(fields);
    requireModality(context.engine.facts, 'page');
    checkModel(wish.model, context.engine.facts?.pages);
    if (wish.deadlineMs !== undefined) work.limitTo(wish.deadlineMs);
    const format = await sniff(file.path);
    const reading = new Reading(context, request, reply, wish);
    if (wish.stream) return await reading.stream(file, work);
    const output = await reading.write(file, format === 'pdf' ? file.path : null, work);
    void reply
      .headers({ 'content-type': DOCUMENT_TYPES[wish.format], ...context.modelHeaders() })
      .header('content-length', String((await stat(output)).size))
      .send(createReadStream(output));
    // The answer lies beside the upload: both go once it is through.
    await through(reply.raw);
    return reply;
  } finally {
    await file.remove();
  }
}

/** Resolves when the answer was sent, or its reader is gone. */
function through(raw: ServerResponse): Promise<void> {
  if (raw.writableFinished || raw.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    raw.once('finish', resolve);
    raw.once('close', resolve);
  });
}

async function receive(context: ServiceContext, request: FastifyRequest, work: Work): Promise<Upload> {
  const { config, clock } = context;
  const { limits } = config;
  if (request.isMultipart()) {
    refuseQuery(request);
    return readForm(request, work, { limits, clock, name: 'document' });
  }
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (FORM_TYPES.has(type)) {
    throw new AppError('media_type_unsupported', `A body of type ${type} is no document.`, { param: 'content-type' });
  }
  // What is refused is refused before the upload.
  const query = new FormFields(queryEntries(request));
  readDocumentFields(query);
  const bytesMax = limits.uploadBytesMax;
  const watch = new UploadWatch({ bytesMax, idleMs: limits.uploadIdleMsMax }, clock, work.signal);
  try {
    const body = watched(request.raw, watch);
    const file = await receiveFile(body, { name: 'document', bytesMax, signal: watch.signal });
    request.notes.uploadBytes = file.bytes;
    if (file.bytes > 0) return { fields: query, file };
    await file.remove();
    throw new AppError('file_empty', 'The body holds no bytes.');
  } finally {
    watch.close();
  }
}

/** Bodies of these types are something else than a document, whatever they hold. */
const FORM_TYPES = new Set(['application/x-www-form-urlencoded', 'application/json', 'text/plain']);

async function* watched(body: AsyncIterable<Uint8Array>, watch: UploadWatch): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    watch.note(chunk.length);
    yield chunk;
  }
}

/** Throws document_unrecognized, document_unsupported: known by content, before the queue. */
async function sniff(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(KIND_HEAD_BYTES), 0, KIND_HEAD_BYTES, 0);
    return documentFormat(buffer.subarray(0, bytesRead), 'The document');
  } finally {
    await handle.close();
  }
}

class Reading {
  readonly #context: ServiceContext;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #wish: DocumentWish;
  readonly #warnings = new Map<string, Warning>();
  #texts: string[] = [];

  constructor(context: ServiceContext, request: FastifyRequest, reply: FastifyReply, wish: DocumentWish) {
    this.#context = context;
    this.#request = request;
    this.#reply = reply;
    this.#wish = wish;
  }

  /** The whole answer beside the upload; returns its path. */
  async write(file: UploadFile, pdfPath: string | null, work: Work): Promise<string> {
    const { format } = this.#wish;
    const { overlayBytesMax } = this.#context.config.limits;
    if (format === 'pdf' && pdfPath !== null && file.bytes > overlayBytesMax) {
      throw new AppError('payload_too_large', `A PDF of more than ${overlayBytesMax} bytes is not written anew.`, {
        param: 'format',
      });
    }
    const path = join(dirname(file.path), 'answer');
    const handle: FileHandle = await open(path, 'wx', 0o600);
    try {
      const output = openDocumentOutput(format, { name: '', pdfPath }, (content) => handle.writeFile(content));
      await output.begin();
      await this.#read(file, work, (result) => output.page(result));
      await work.time('write', () => output.end([...this.#warnings.values()]));
      return path;
    } finally {
      await handle.close();
    }
  }

  /** A page per event, `document.done` last. */
  async stream(file: UploadFile, work: Work): Promise<unknown> {
    const { config, clock, metrics } = this.#context;
    let feed: EventFeed | null = null;
    let pages = 0;
    try {
      const opened = (): void => {
        feed ??= new EventFeed(config.limits, clock, (error) => work.abort(error));
        void this.#reply.headers({ ...EVENT_HEADERS, ...this.#context.modelHeaders() }).send(feed);
      };
      await this.#read(file, work, async ({ page }) => {
        if (feed === null) opened();
        pages++;
        feed!.write(this.#pageEvent(page));
        await feed!.ready();
        work.signal.throwIfAborted();
      });
      if (feed === null) opened();
      feed!.write({ type: 'document.done', pages, warnings: [...this.#warnings.values()] });
      feed!.finish();
    } catch (error) {
      if (feed === null) throw error;
      const failure = asAppError(error);
      this.#request.notes.code = failure.code;
      metrics.error(failure.code);
      (feed as EventFeed).fail(failure);
    }
    return this.#reply;
  }

  #pageEvent(page: DocumentPage): object {
    const { format } = this.#wish;
    if (format !== 'text' && format !== 'markdown') return { type: 'document.page', page: pageValue(page) };
    // A writer of its own for each page: what stands between pages belongs to the whole file.
    return { type: 'document.page', number: page.number, text: openDocumentWriter(format, { name: '' }).page(page) };
  }

  async #read(file: UploadFile, work: Work, take: (result: ReadResult) => Promise<void>): Promise<void> {
    const { queues, engine, config } = this.#context;
    const { pagesMax, pixelsMax, uploadBytesMax } = config.limits;
    const request = { ...this.#wish.request, limits: { pagesMax, pixelsMax, bytesMax: uploadBytesMax } };
    const leave = await work.time('queue', () => queues.page.enter(work.owner, work.signal));
    try {
      await work.time('work', async () => {
        for await (const result of engine.open().read(file.path, request, { signal: work.signal })) {
          this.#note(result);
          await take(result);
        }
      });
    } finally {
      leave();
    }
    const { notes } = this.#request;
    notes.format = this.#wish.format;
    if (config.logText) notes.text = this.#texts.join('\n');
  }

  #note({ page, image }: ReadResult): void {
    const { metrics, config } = this.#context;
    const pixels = image.width * image.height;
    this.#context.spend(this.#request, 'pixelsPerHour', pixels);
    metrics.page(pixels);
    const { decodeMs, detectMs, orientMs, recognizeMs, searchMs, llmMs } = page.timings;
    const stages = { decode: decodeMs, detect: detectMs, orient: orientMs, recognize: recognizeMs } as const;
    for (const [stage, ms] of Object.entries({ ...stages, search: searchMs, llm: llmMs })) {
      this.#request.observed.stage(stage as keyof typeof stages, ms);
    }
    this.#request.notes.pages = (this.#request.notes.pages ?? 0) + 1;
    for (const warning of page.warnings) this.#warnings.set(warning.code, warning);
    if (config.logText) this.#texts.push(openDocumentWriter('text', { name: '' }).page(page));
  }
}
