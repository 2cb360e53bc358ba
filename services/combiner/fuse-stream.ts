/**
 * Recognizers that bring their own audio or pages and want fused text back on the same channel (docs/streaming.md,
 * section 4). One stream, number 1, opened from here; what an application would be told of it goes back to the recognizer.
 * The service in between says with which options: its `open` and `read` are the first two frames of the channel, before
 * those of the recognizer.
 */
import { decodeMessage, encodeMessage } from '../../fusion/protocol/codec.ts';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import type { FinalSummary, Open, Read } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { ReadOptions } from '../../models/core/page.ts';
import type { TranscribeOptions } from '../../models/core/transcript.ts';
import { type Channel, ChannelEvents, joinChannels } from '../transport/channel.ts';
import { refuseChannel } from '../transport/peer-link.ts';
import type { PageSearchFactory } from './combiner-service.ts';
import { readUnit } from './page-stream.ts';
import { RecognizerLink } from './recognizer-link.ts';
import { openSpeechResults, type SpeechMakers } from './speech-results.ts';

/** Options for either kind of recognizer: which it is, its hello says. */
export interface FuseOpeners {
  readonly speech: TranscribeOptions;
  readonly pages: ReadOptions;
}

export interface FuseMakers extends SpeechMakers {
  /** Absent: recognizers of pages are refused. */
  readonly readFor?: PageSearchFactory | undefined;
  readonly clock: Clock;
}

/** Joins a recognizer to a combiner, and says with which options. */
export function joinFuser(recognizer: Channel, combiner: Channel, { speech, pages }: FuseOpeners): void {
  combiner.send(encodeMessage({ type: 'open', stream: 1, options: speech }));
  combiner.send(encodeMessage({ type: 'read', stream: 1, options: pages }));
  joinChannels(recognizer, combiner);
}

/** True for the frame that such a channel begins with. */
export function isOpener(frame: Uint8Array): boolean {
  try {
    return decodeMessage(frame).type === 'open';
  } catch {
    // Whoever serves the channel says what is wrong with it.
    return false;
  }
}

/** Until the stream is over. Never rejects. */
export async function serveFuser(channel: Channel, makers: FuseMakers): Promise<void> {
  let openers: FuseOpeners;
  const rest = new RestOfChannel(channel);
  try {
    openers = await rest.openers;
  } catch (error) {
    refuseChannel(channel, AppError.from(error));
    return;
  }
  const link = new RecognizerLink(rest, makers.clock);
  const abort = new AbortController();
  void link.closed.then((error) => abort.abort(error));
  try {
    const { modality } = await link.ready;
    if (modality === 'speech') await fuseSpeech(link, openers.speech, makers, abort.signal);
    else await fusePages(link, openers.pages, makers, abort.signal);
    link.close();
  } catch (error) {
    // Where the recognizer is gone, nobody hears it.
    link.fail(toldError(AppError.from(error)));
  }
}

async function fuseSpeech(
  link: RecognizerLink,
  options: TranscribeOptions,
  makers: FuseMakers,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = makers;
  const startMs = clock.nowMs();
  const remote = openSpeechResults(link, makers, {
    options,
    deadlineMs: undefined,
    alphabet: () => link.fetchAlphabet(),
    signal,
    failed: (error) => link.fail(toldError(error)),
    clock,
    hold: true,
  });
  const { stream } = remote;
  // No audio comes from this side.
  stream.close();
  let partials = 0;
  let llmMs = 0;
  for await (const result of remote.results) {
    llmMs += result.stats.llmMs;
    await stream.send({ type: 'partial', stream: stream.id, index: partials, result });
    partials++;
  }
  const { timings, ...rest } = await remote.summary;
  const summary: FinalSummary = { ...rest, timings: { totalMs: clock.nowMs() - startMs, ...timings, llmMs } };
  stream.link.send({ type: 'final', stream: stream.id, partials, summary });
  stream.end(undefined);
}

async function fusePages(
  link: RecognizerLink,
  options: ReadOptions,
  makers: FuseMakers,
  signal: AbortSignal,
): Promise<void> {
  const { name, kind } = link.info!;
  const { readFor, clock } = makers;
  if (kind !== 'lattice' || readFor === undefined) {
    const taken = readFor === undefined ? 'none is taken here' : 'a lattice one is needed';
    throw new AppError('protocol_error', `${name} is a ${kind} recognizer for pages; ${taken}.`);
  }
  const search = Promise.resolve(
    readFor({ options, recognizer: link.info!, alphabet: () => link.fetchAlphabet(), signal }),
  );
  search.catch((error: unknown) => link.fail(toldError(AppError.from(error))));
  const remote = link.openPages(options, undefined, true);
  const { stream } = remote;
  stream.close();
  let pages = 0;
  for await (const unit of remote.pages()) {
    await stream.send({ type: 'reading', stream: stream.id, ...(await readUnit(await search, unit, signal, clock)) });
    pages++;
  }
  stream.link.send({ type: 'end', stream: stream.id, pages });
  stream.end(undefined);
}

/** The recognizer is a stranger's: failures of this machine are told by their code alone. */
function toldError(error: AppError): AppError {
  const { status, retry } = error.kind;
  if (status < 500 || (retry && status === 503)) return error;
  return new AppError(error.code, 'The combiner failed on this stream.');
}

/** A channel whose first two frames were the service's; the others are the recognizer's. */
class RestOfChannel implements Channel {
  readonly openers: Promise<FuseOpeners>;
  readonly #channel: Channel;
  readonly #events = new ChannelEvents();

  constructor(channel: Channel) {
    this.#channel = channel;
    this.openers = new Promise((resolve, reject) => {
      let open: Open | undefined;
      let read: Read | undefined;
      channel.onClose((error) => {
        reject(error ?? new AppError('peer_lost', 'The channel was closed.'));
        this.#events.close(error);
      });
      channel.onFrame((frame) => {
        if (read !== undefined) {
          this.#events.frame(frame);
          return;
        }
        try {
          const message = decodeMessage(frame);
          if (open === undefined && message.type === 'open') open = message;
          else if (open !== undefined && message.type === 'read') read = message;
          else throw new AppError('protocol_error', `Field type: ${message.type} does not belong here.`);
          if (read !== undefined) resolve({ speech: open.options, pages: read.options });
        } catch (error) {
          reject(error);
        }
      });
    });
    this.openers.catch(() => undefined);
  }

  send(frame: Uint8Array): void {
    this.#channel.send(frame);
  }

  onFrame(receive: (frame: Uint8Array) => void): void {
    this.#events.onFrame(receive);
  }

  onClose(closed: (error: AppError | undefined) => void): void {
    this.#events.onClose(closed);
  }

  close(): void {
    this.#channel.close();
    this.#events.close(undefined);
  }
}
