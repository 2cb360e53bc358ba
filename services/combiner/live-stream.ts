import type { FinalSummary, Listen, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import { type LiveEvent, type LiveInput, LLM_UNAVAILABLE } from '../../models/core/live.ts';
import type { UnitSearch } from '../../models/core/stepwise.ts';
import { IncomingStream, type StreamWork } from '../transport/incoming-stream.ts';
import { liveInputMessage, liveInputOf } from '../transport/live-input.ts';
import type { PeerLink } from '../transport/peer-link.ts';
import type { SearchContext, SearchFactory } from './combiner-service.ts';
import type { RecognizerPool } from './recognizer-pool.ts';
import type { RemoteSpeech } from './remote-speech.ts';

/** One live stream of an application: audio and marks go to a recognizer, its events come back. */
export function openLiveStream(
  link: PeerLink,
  parts: { readonly pool: RecognizerPool; readonly searchFor: SearchFactory },
  listen: Listen,
): IncomingStream<LiveInput> {
  return new IncomingStream(link, listen, new LiveWork(parts.pool, parts.searchFor, listen));
}

class LiveWork implements StreamWork<LiveInput> {
  #pool: RecognizerPool;
  #searchFor: SearchFactory;
  #listen: Listen;
  #remote: RemoteSpeech<LiveEvent> | undefined;

  constructor(pool: RecognizerPool, searchFor: SearchFactory, listen: Listen) {
    this.#pool = pool;
    this.#searchFor = searchFor;
    this.#listen = listen;
  }

  dataOf(message: StreamMessage): LiveInput | undefined {
    return liveInputOf(message);
  }

  stopped(error: AppError): void {
    this.#remote?.stream.cancel(error);
  }

  async run(input: IncomingStream<LiveInput>): Promise<void> {
    const { id, link, credits, signal, deadline } = input;
    const startMs = link.clock.nowMs();
    const { options } = this.#listen;
    const recognizer = await this.#pool.acquire('speech', signal);
    const { name, kind } = recognizer.info!;
    if (kind !== 'stepwise') {
      throw new AppError('protocol_error', `${name} is a ${kind} recognizer for speech; a stepwise one is needed.`);
    }
    const context = {
      options,
      recognizer: recognizer.info!,
      alphabet: () => this.#pool.alphabet(recognizer),
      signal,
    };
    const remote = recognizer.openLive(options, deadline.leftMs, steadySearch(this.#searchFor, context));
    this.#remote = remote;
    sendInput(input, remote);
    let events = 0;
    let llmMs = 0;
    for await (const event of remote.results) {
      if (event.kind === 'final' && event.stage === 'fused') llmMs += event.result.stats.llmMs;
      await credits.send({ type: 'live', stream: id, event });
      events++;
    }
    const { timings, ...rest } = await remote.summary;
    const totalMs = link.clock.nowMs() - startMs;
    const summary: FinalSummary = { ...rest, timings: { totalMs, ...timings, llmMs } };
    link.send({ type: 'final', stream: id, partials: events, summary });
  }
}

/**
 * The fused search, and the recognizer's own where that fails: a language model that is missing, still loading in vain, or
 * broken costs a live stream its fusion and not its text. The next unit tries again.
 */
function steadySearch(searchFor: SearchFactory, context: SearchContext): UnitSearch {
  const make = (llmWeight: number | undefined) =>
    Promise.resolve().then(() => searchFor({ ...context, options: { ...context.options, llmWeight } }));
  // Begun at once, so that a language model loads while the recognizer hears the first utterance.
  let fused = make(context.options.llmWeight);
  fused.catch(() => undefined);
  return async (source, signal) => {
    try {
      return await (await fused)(source, signal);
    } catch (error) {
      context.signal.throwIfAborted();
      signal?.throwIfAborted();
      fused = make(context.options.llmWeight);
      fused.catch(() => undefined);
      const alone = await make(0);
      const { warnings = [], ...outcome } = await alone(source, signal);
      const message = `The text is the recognizer's alone: ${AppError.from(error).message}`;
      return { ...outcome, warnings: [...warnings, { code: LLM_UNAVAILABLE, message }] };
    }
  };
}

/** Runs beside the events. Credit goes back to the application only as the recognizer takes the audio. */
function sendInput(input: IncomingStream<LiveInput>, remote: RemoteSpeech<LiveEvent>): void {
  const pump = async () => {
    // Frames came one by one, each no larger than a frame may be.
    for await (const item of input) await remote.stream.send(liveInputMessage(remote.stream.id, item));
    remote.stream.close();
  };
  // The end of the stream reaches the pump as well, and is told through the events.
  pump().catch((error: unknown) => remote.stream.cancel(AppError.from(error)));
}
