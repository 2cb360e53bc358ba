import type { FinalSummary, Open, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import { IncomingStream, type StreamWork } from '../transport/incoming-stream.ts';
import type { PeerLink } from '../transport/peer-link.ts';
import type { RecognizerPool } from './recognizer-pool.ts';
import { openSpeechResults, type SpeechMakers, type SpeechResults } from './speech-results.ts';

/** One stream of an application: its audio goes to a recognizer, what the search chose comes back. */
export function openSpeechStream(
  link: PeerLink,
  parts: SpeechMakers & { readonly pool: RecognizerPool },
  open: Open,
): IncomingStream<Float32Array> {
  return new IncomingStream(link, open, new SpeechWork(parts.pool, parts, open));
}

class SpeechWork implements StreamWork<Float32Array> {
  #pool: RecognizerPool;
  #makers: SpeechMakers;
  #open: Open;
  #remote: SpeechResults | undefined;

  constructor(pool: RecognizerPool, makers: SpeechMakers, open: Open) {
    this.#pool = pool;
    this.#makers = makers;
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
    const remote = openSpeechResults(recognizer, this.#makers, {
      options,
      deadlineMs: deadline.leftMs,
      alphabet: () => this.#pool.alphabet(recognizer),
      signal,
      failed: (error) => input.stop(error),
      clock: link.clock,
      hold: false,
    });
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
function sendAudio(input: IncomingStream<Float32Array>, remote: SpeechResults): void {
  const pump = async () => {
    for await (const samples of input) await remote.sendAudio(samples);
    remote.stream.close();
  };
  // The end of the stream reaches the pump as well, and is told through the results.
  pump().catch((error: unknown) => remote.stream.cancel(AppError.from(error)));
}
