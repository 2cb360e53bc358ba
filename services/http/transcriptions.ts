/** `POST /v1/audio/transcriptions` and `/v1/audio/translations`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type AudioSource, openAudio } from '../../models/audio/audio-file.ts';
import { AppError } from '../../models/core/app-error.ts';
import { SAMPLE_RATE_HZ } from '../../models/core/limits.ts';
import type { Transcript, UnitResult } from '../../models/core/transcript.ts';
import { longestMs } from '../server/config.ts';
import { requireModality } from '../server/engine-door.ts';
import type { Work } from '../server/work-room.ts';
import { asAppError } from './error-reply.ts';
import { EVENT_HEADERS, EventFeed } from './event-feed.ts';
import { refuseQuery } from './form-fields.ts';
import { GrowingText } from './growing-text.ts';
import { checkModel, MODEL_ALIAS } from './models.ts';
import { readForm } from './multipart-form.ts';
import { transcriptionSchema } from './schemas.ts';
import type { ServiceContext } from './service-context.ts';
import { readTranscriptionFields, type TranscriptionWish } from './transcription-fields.ts';
import {
  doneEvent,
  logprobsOf,
  TRANSCRIPT_TYPES,
  transcriptBody,
  unitText,
  verboseUnit,
} from './transcription-reply.ts';
import type { UploadFile } from './upload-file.ts';

export function transcriptionRoutes(app: FastifyInstance, context: ServiceContext): void {
  for (const task of ['transcribe', 'translate'] as const) {
    app.post(task === 'transcribe' ? '/v1/audio/transcriptions' : '/v1/audio/translations', {
      config: { scope: 'transcribe', work: 'speech' },
      handlerTimeout: longestMs(context.config.limits),
      schema: transcriptionSchema(task),
      validatorCompiler: () => () => true,
      handler: (request, reply) => request.work!.hold(() => answer(context, task, request, reply)),
    });
  }
}

async function answer(
  context: ServiceContext,
  task: 'transcribe' | 'translate',
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { config, clock } = context;
  const work = request.work!;
  const { limits } = config;
  refuseQuery(request);
  const { fields, file } = await work.time('upload', () => readForm(request, work, { limits, clock, name: 'audio' }));
  try {
    const wish = readTranscriptionFields(fields, task);
    requireModality(context.engine.facts, 'speech');
    checkModel(wish.model, context.engine.facts?.recognizer, MODEL_ALIAS);
    if (wish.logprobs && context.engine.pieces === null) {
      throw new AppError('unsupported_parameter', 'logprobs need a recognizer in this service; it is elsewhere.', {
        param: 'include[]',
      });
    }
    if (wish.deadlineMs !== undefined) work.limitTo(wish.deadlineMs);
    return await new Transcription(context, request, reply, wish).run(file, work);
  } finally {
    await file.remove();
  }
}

class Transcription {
  readonly #context: ServiceContext;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #wish: TranscriptionWish;
  #feed: EventFeed | null = null;

  constructor(context: ServiceContext, request: FastifyRequest, reply: FastifyReply, wish: TranscriptionWish) {
    this.#context = context;
    this.#request = request;
    this.#reply = reply;
    this.#wish = wish;
  }

  async run(file: UploadFile, work: Work): Promise<unknown> {
    const { queues, config } = this.#context;
    const { allowTruncated, ...options } = this.#wish.request;
    // Before the queue: what cannot be decoded is told at once.
    const source = await openAudio(file.path, {
      signal: work.signal,
      secondsMax: config.limits.audioSecondsMax,
      ...(allowTruncated === undefined ? {} : { allowTruncated }),
    });
    try {
      const leave = await work.time('queue', () => queues.speech.enter(work.owner, work.signal));
      try {
        if (this.#wish.stream) this.#openFeed(work);
        const transcript = await work.time('work', () => this.#transcribe(source, options, work));
        this.#note(transcript);
        return this.#end(transcript);
      } catch (error) {
        if (this.#feed === null) throw error;
        const failure = asAppError(error);
        this.#request.notes.code = failure.code;
        this.#context.metrics.error(failure.code);
        this.#feed.fail(failure);
        return this.#reply;
      } finally {
        leave();
      }
    } finally {
      await source.close();
    }
  }

  async #transcribe(source: AudioSource, options: object, work: Work): Promise<Transcript> {
    const deltas = new GrowingText();
    const { logprobs, format, granularities } = this.#wish;
    const pieces = logprobs ? this.#context.engine.pieces : null;
    const verbose = (unit: UnitResult) => (format === 'verbose_json' ? verboseUnit(unit, granularities) : {});
    const onUnit = (unit: UnitResult): void => {
      const delta = deltas.add(unitText(unit));
      if (delta === '') return;
      this.#feed?.write({ type: 'transcript.text.delta', delta, ...logprobsOf([unit], pieces), ...verbose(unit) });
    };
    const input = { samples: this.#metered(source) };
    const transcript = await this.#context.engine.open().transcribe(input, options, { signal: work.signal, onUnit });
    return { ...transcript, warnings: [...source.warnings, ...transcript.warnings] };
  }

  /** Counts what is heard, and hands out no more while the reader of events is behind. */
  async *#metered(source: AudioSource): AsyncGenerator<Float32Array> {
    const { metrics } = this.#context;
    for await (const chunk of source.chunks()) {
      const seconds = chunk.length / SAMPLE_RATE_HZ;
      this.#context.spend(this.#request, 'audioSecondsPerHour', seconds);
      metrics.heard(seconds);
      this.#request.notes.audioSeconds = (this.#request.notes.audioSeconds ?? 0) + seconds;
      yield chunk;
      await this.#feed?.ready();
    }
  }

  #openFeed(work: Work): void {
    const { config, clock } = this.#context;
    this.#feed = new EventFeed(config.limits, clock, (error) => work.abort(error));
    void this.#reply.headers({ ...EVENT_HEADERS, ...this.#context.modelHeaders() }).send(this.#feed);
  }

  #end(transcript: Transcript): unknown {
    const { format, granularities, logprobs } = this.#wish;
    const pieces = logprobs ? this.#context.engine.pieces : null;
    if (this.#feed !== null) {
      this.#feed.write(doneEvent(transcript, pieces));
      this.#feed.finish();
      return this.#reply;
    }
    return this.#reply
      .headers({ 'content-type': TRANSCRIPT_TYPES[format], ...this.#context.modelHeaders() })
      .send(transcriptBody(transcript, { format, granularities, pieces }));
  }

  #note(transcript: Transcript): void {
    const { config } = this.#context;
    const { notes, observed } = this.#request;
    const { encodeMs, recognizeMs, llmMs } = transcript.timings;
    observed.stage('encode', encodeMs);
    observed.stage('recognize', recognizeMs);
    observed.stage('llm', llmMs);
    notes.format = this.#wish.format;
    notes.language = transcript.language;
    if (config.logText) notes.text = transcript.text;
  }
}
