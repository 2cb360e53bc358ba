import type { FinalSummary, Open, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { UnitSearch } from '../../models/core/stepwise.ts';
import type { UnitResult } from '../../models/core/transcript.ts';
import { IncomingStream, type StreamWork } from '../transport/incoming-stream.ts';
import type { PeerLink } from '../transport/peer-link.ts';
import type { SearchFactory } from './combiner-service.ts';
import type { RecognizerPool } from './recognizer-pool.ts';
import type { RemoteSpeech } from './remote-speech.ts';

/** One stream of an application: its audio goes to a recognizer, what the search chose comes back. */
export function openSpeechStream(
  link: PeerLink,
  parts: { readonly pool: RecognizerPool; readonly searchFor: SearchFactory },
  open: Open,
): IncomingStream<Float32Array> {
  return new IncomingStream(link, open, new SpeechWork(parts.pool, parts.searchFor, open));
}

class SpeechWork implements StreamWork<Float32Array> {
  #pool: RecognizerPool;
  #searchFor: SearchFactory;
  #open: Open;
  #remote: RemoteSpeech<UnitResult> | undefined;

  constructor(pool: RecognizerPool, searchFor: SearchFactory, open: Open) {
    this.#pool = pool;
    this.#searchFor = searchFor;
    this.#open = open;
  }

  dataOf(message: StreamMessage): Float32Array | undefined {
    return message.type === 'audio' ? message.samples : undefined;
  }

  stopped(error: AppError): void {
    this.#remote?.stream.cancel(error);
  }

  async run(input: IncomingStream<Float32Array>): Promise<void> {
    const { id, link, credits, signal, deadline } = input;
    const startMs = link.clock.nowMs();
    const { options } = this.#open;
    const recognizer = await this.#pool.acquire('speech', signal);
    const { name, kind } = recognizer.info!;
    if (kind !== 'stepwise') {
      throw new AppError('protocol_error', `${name} is a ${kind} recognizer for speech; a stepwise one is needed.`);
    }
    // Begun at once, so that a language model loads while the recognizer hears its first window.
    const search = Promise.resolve(
      this.#searchFor({
        options,
        recognizer: recognizer.info!,
        alphabet: () => this.#pool.alphabet(recognizer),
        signal,
      }),
    );
    search.catch((error: unknown) => input.stop(AppError.from(error)));
    const searchUnit: UnitSearch = async (source, unitSignal) => (await search)(source, unitSignal);

    const remote = recognizer.openSpeech(options, deadline.leftMs, searchUnit);
    this.#remote = remote;
    sendAudio(input, remote);
    let partials = 0;
    let llmMs = 0;
    for await (const result of remote.results) {
      llmMs += result.stats.llmMs;
      await credits.send({ type: 'partial', stream: id, index: partials, result });
      partials++;
    }
    const { timings, ...rest } = await remote.summary;
    const totalMs = link.clock.nowMs() - startMs;
    const summary: FinalSummary = { ...rest, timings: { totalMs, ...timings, llmMs } };
    link.send({ type: 'final', stream: id, partials, summary });
  }
}

/** Runs beside the results. Credit goes back to the application only as the recognizer takes the audio. */
function sendAudio(input: IncomingStream<Float32Array>, remote: RemoteSpeech<UnitResult>): void {
  const pump = async () => {
    for await (const samples of input) await remote.sendAudio(samples);
    remote.stream.close();
  };
  // The end of the stream reaches the pump as well, and is told through the results.
  pump().catch((error: unknown) => remote.stream.cancel(AppError.from(error)));
}
