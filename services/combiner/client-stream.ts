import { type Clock, Deadline } from '../../fusion/protocol/deadline.ts';
import { AUDIO_FRAME_SAMPLES_MAX } from '../../fusion/protocol/limits.ts';
import type { FinalSummary, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { TranscribeOptions, Transcript, UnitResult } from '../../models/core/transcript.ts';
import { errorOf, type PeerLink, type StreamCredits } from '../transport/peer-link.ts';

/** How one transcription is to run. */
export interface TranscribeCall {
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole of it. */
  readonly deadlineMs?: number;
  /** Called as each unit is done, in order. What it throws ends the transcription. */
  readonly onPartial?: (result: UnitResult, index: number) => void;
}

/** A transcription that ended early, with what was done until then. */
export class InterruptedError extends AppError {
  readonly partial: Transcript;
  constructor(error: AppError, partial: Transcript) {
    super(error.code, error.message, { cause: error });
    this.name = 'InterruptedError';
    this.partial = partial;
  }
}

/** One transcription at the application's end. */
export class ClientStream {
  /** Rejects with InterruptedError, or with what the caller's own audio or callback threw. */
  readonly done: Promise<Transcript>;
  #id = 0;
  #link: PeerLink | undefined;
  #credits: StreamCredits | undefined;
  #options: TranscribeOptions;
  #call: TranscribeCall;
  #units: UnitResult[] = [];
  #deadline: Deadline;
  #over = false;
  #settle!: { resolve: (transcript: Transcript) => void; reject: (error: unknown) => void };
  #onAbort = () => this.#abort();
  #closeAudio: (() => void) | undefined;

  constructor(options: TranscribeOptions, call: TranscribeCall, clock: Clock) {
    this.#options = options;
    this.#call = call;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#deadline = new Deadline(call.deadlineMs, (error) => this.end(error), clock);
    call.signal?.addEventListener('abort', this.#onAbort);
    if (call.signal?.aborted) this.#abort();
  }

  get id(): number {
    return this.#id;
  }

  get over(): boolean {
    return this.#over;
  }

  open(id: number, link: PeerLink, audio: AsyncIterable<Float32Array>): void {
    this.#id = id;
    this.#link = link;
    this.#credits = link.openCredits();
    const deadlineMs = this.#deadline.leftMs;
    link.send({
      type: 'open',
      stream: id,
      options: this.#options,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
    this.#pump(link, this.#credits, audio).catch((error: unknown) => this.#giveUp(error));
  }

  receive(message: StreamMessage, frameBytes: number): void {
    switch (message.type) {
      case 'credit':
        this.#credits?.out.grant(message.bytes);
        break;
      case 'partial':
        this.#takePartial(message.result, message.index, frameBytes);
        break;
      case 'final':
        if (message.partials !== this.#units.length) {
          throw new AppError(
            'protocol_error',
            `Field partials: ${message.partials} were sent, ${this.#units.length} came.`,
          );
        }
        this.#finish();
        this.#settle.resolve(assemble(message.summary, this.#units));
        break;
      case 'error':
        this.#finish();
        this.#interrupt(errorOf(message));
        break;
      default:
        throw new AppError('protocol_error', `Field type: an application takes no ${message.type} message.`);
    }
  }

  /** Ends the stream from this side; the combiner is told. */
  end(error: AppError): void {
    if (this.#over) return;
    this.#finish();
    if (this.#id > 0) this.#link?.send({ type: 'cancel', stream: this.#id });
    this.#interrupt(error);
  }

  #abort(): void {
    const reason: unknown = this.#call.signal?.reason;
    this.end(reason instanceof AppError ? reason : new AppError('canceled', 'The transcription was canceled.'));
  }

  /** The caller's own audio or callback failed: the caller gets that very error. */
  #giveUp(error: unknown): void {
    if (this.#over) return;
    this.#finish();
    this.#link?.send({ type: 'cancel', stream: this.#id });
    this.#settle.reject(error);
  }

  #takePartial(result: UnitResult, index: number, frameBytes: number): void {
    if (index !== this.#units.length) {
      throw new AppError('protocol_error', `Field index: expected ${this.#units.length}, found ${index}.`);
    }
    this.#credits?.received(frameBytes);
    this.#units.push(result);
    try {
      this.#call.onPartial?.(result, index);
    } catch (error) {
      this.#giveUp(error);
      return;
    }
    if (!this.#over) this.#credits?.consumed(this.#id, frameBytes);
  }

  async #pump(link: PeerLink, credits: StreamCredits, audio: AsyncIterable<Float32Array>): Promise<void> {
    const iterator = audio[Symbol.asyncIterator]();
    // A source that waits (a microphone) is let go as soon as the stream is over, not at its next chunk.
    this.#closeAudio = () => void iterator.return?.().catch(() => undefined);
    while (!this.#over) {
      const next = await iterator.next();
      if (next.done) {
        if (!this.#over) link.send({ type: 'close', stream: this.#id });
        this.#closeAudio = undefined;
        return;
      }
      if (!next.value.every(Number.isFinite)) {
        throw new AppError('audio_corrupt', 'The audio holds samples that are not finite numbers.');
      }
      for (let at = 0; at < next.value.length && !this.#over; at += AUDIO_FRAME_SAMPLES_MAX) {
        const samples = next.value.subarray(at, at + AUDIO_FRAME_SAMPLES_MAX);
        await credits.send({ type: 'audio', stream: this.#id, samples });
      }
    }
  }

  #interrupt(error: AppError): void {
    this.#settle.reject(new InterruptedError(error, partialTranscript(error, this.#options, this.#units)));
  }

  #finish(): void {
    this.#over = true;
    this.#deadline.dispose();
    this.#call.signal?.removeEventListener('abort', this.#onAbort);
    this.#credits?.out.close(new AppError('canceled', 'The stream is over.'));
    this.#closeAudio?.();
  }
}

function assemble(summary: FinalSummary, units: readonly UnitResult[]): Transcript {
  const segments = units.flatMap((unit) => unit.segments);
  const text = segments
    .map((segment) => segment.text)
    .join('')
    .trim();
  return { ...summary, text, segments, units };
}

/** What was done until `error`: the language is the one asked for, the duration that of the last segment. */
function partialTranscript(error: AppError, options: TranscribeOptions, units: readonly UnitResult[]): Transcript {
  const llmMs = units.reduce((sum, { stats }) => sum + stats.llmMs, 0);
  const summary: FinalSummary = {
    task: options.task,
    language: options.language,
    languageProbability: options.language === 'auto' ? 0 : 1,
    duration: units.at(-1)?.segments.at(-1)?.end ?? 0,
    warnings: [{ code: error.code, message: `The transcript is incomplete. ${error.message}` }],
    timings: { totalMs: 0, encodeMs: 0, recognizeMs: 0, llmMs },
  };
  return assemble(summary, units);
}
