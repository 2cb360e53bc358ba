import { type Clock, Deadline } from '../../fusion/protocol/deadline.ts';
import { AUDIO_FRAME_SAMPLES_MAX } from '../../fusion/protocol/limits.ts';
import type { FinalSummary, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { ListenOptions, LiveEvent, LiveInput } from '../../models/core/live.ts';
import { unexpected } from '../transport/incoming-stream.ts';
import { liveInputMessage } from '../transport/live-input.ts';
import { OutgoingStream } from '../transport/outgoing-stream.ts';
import type { PeerLink } from '../transport/peer-link.ts';

export interface ListenCall {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole of it. */
  readonly deadlineMs?: number | undefined;
}

/**
 * Sends audio and marks as they come and yields what happens, in order; returns the summary. Ends the stream at the peer
 * when the caller stops early. Throws AppError: the codes of the other end, canceled, deadline_exceeded, peer_lost; and what
 * `audio` throws, as it is.
 */
export async function* listenLive(
  link: PeerLink,
  id: number,
  audio: AsyncIterable<LiveInput>,
  options: ListenOptions,
  call: ListenCall & { readonly onStream: (stream: OutgoingStream<LiveEvent>) => void; readonly clock: Clock },
): AsyncGenerator<LiveEvent, FinalSummary> {
  let announced: number | undefined;
  let summary: FinalSummary | undefined;
  const stream = new OutgoingStream<LiveEvent>(id, link, {
    dataOf: (message: StreamMessage) => (message.type === 'live' ? message.event : undefined),
    other: (message) => {
      if (message.type !== 'final') throw unexpected(message);
      ({ partials: announced, summary } = message);
      stream.end(undefined);
    },
  });
  const deadline = new Deadline(call.deadlineMs, (error) => stream.cancel(error), call.clock);
  const onAbort = () => {
    const reason: unknown = call.signal?.reason;
    stream.cancel(reason instanceof AppError ? reason : new AppError('canceled', 'The live stream was canceled.'));
  };
  call.signal?.addEventListener('abort', onAbort);
  call.onStream(stream);
  const { deadlineMs } = call;
  link.send({ type: 'listen', stream: id, options, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
  if (call.signal?.aborted) onAbort();
  const iterator = audio[Symbol.asyncIterator]();
  let failed: { readonly error: unknown } | undefined;
  let drained = false;
  const pumped = pump(stream, iterator).then(
    () => {
      drained = true;
    },
    (error: unknown) => {
      if (!stream.over) failed = { error };
      stream.cancel(AppError.from(error));
    },
  );
  try {
    let received = 0;
    for await (const event of stream.data) {
      received++;
      yield event;
    }
    if (received !== announced) {
      throw new AppError('protocol_error', `Field partials: ${announced} were sent, ${received} came.`);
    }
    return summary!;
  } catch (error) {
    // The caller's own audio failed: the caller gets that very error.
    throw failed === undefined ? error : failed.error;
  } finally {
    deadline.dispose();
    call.signal?.removeEventListener('abort', onAbort);
    stream.cancel(new AppError('canceled', 'Nobody listens any more.'));
    // A microphone that is silent would never come to its next chunk: it is let go at once.
    if (!drained) void Promise.resolve(iterator.return?.()).catch(() => undefined);
    void pumped;
  }
}

async function pump(stream: OutgoingStream<LiveEvent>, audio: AsyncIterator<LiveInput>): Promise<void> {
  while (!stream.over) {
    const next = await audio.next();
    if (next.done) break;
    const item = next.value;
    if (typeof item === 'string') {
      await stream.send(liveInputMessage(stream.id, item));
      continue;
    }
    if (!item.every(Number.isFinite)) {
      throw new AppError('audio_corrupt', 'The audio holds samples that are not finite numbers.');
    }
    for (let at = 0; at < item.length && !stream.over; at += AUDIO_FRAME_SAMPLES_MAX) {
      const samples = item.subarray(at, at + AUDIO_FRAME_SAMPLES_MAX);
      await stream.send(liveInputMessage(stream.id, samples));
    }
  }
  stream.close();
}
