import { type Clock, Deadline } from '../../fusion/protocol/deadline.ts';
import type { LineResult, PageHead, Reading, StreamMessage } from '../../fusion/protocol/messages.ts';
import { imageParts } from '../../fusion/protocol/page-parts.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Raster, ReadOptions } from '../../models/core/page.ts';
import type { SearchStats, Warning } from '../../models/core/stepwise.ts';
import { unexpected } from '../transport/incoming-stream.ts';
import { OutgoingStream } from '../transport/outgoing-stream.ts';
import type { PeerLink } from '../transport/peer-link.ts';

/** A page as recognizer and search leave it. */
export interface ReadPage {
  readonly page: PageHead;
  readonly lines: readonly LineResult[];
  /** ISO 639-1 that the language model was asked in; '' where none took part. */
  readonly language: string;
  readonly stats: SearchStats;
  readonly warnings: readonly Warning[];
  readonly searchMs: number;
}

export interface ReadCall {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole of it. */
  readonly deadlineMs?: number | undefined;
}

/**
 * Sends pages as the recognizer has room for them and yields them read, in order. Ends the stream at the peer when the
 * caller stops early. Throws AppError: the codes of the other end, canceled, deadline_exceeded, peer_lost; and what
 * `pages` throws, as it is.
 */
export async function* readPages(
  link: PeerLink,
  id: number,
  pages: AsyncIterable<Raster>,
  options: ReadOptions,
  call: ReadCall & { readonly onStream: (stream: OutgoingStream<Reading>) => void; readonly clock: Clock },
): AsyncGenerator<ReadPage, void> {
  let announced: number | undefined;
  const stream = new OutgoingStream<Reading>(id, link, {
    dataOf: (message: StreamMessage) => (message.type === 'reading' ? message : undefined),
    other: (message) => {
      if (message.type !== 'end') throw unexpected(message);
      announced = message.pages;
      stream.end(undefined);
    },
  });
  const deadline = new Deadline(call.deadlineMs, (error) => stream.cancel(error), call.clock);
  const onAbort = () => {
    const reason: unknown = call.signal?.reason;
    stream.cancel(reason instanceof AppError ? reason : new AppError('canceled', 'The reading was canceled.'));
  };
  call.signal?.addEventListener('abort', onAbort);
  call.onStream(stream);
  const { deadlineMs } = call;
  link.send({ type: 'read', stream: id, options, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
  if (call.signal?.aborted) onAbort();
  const iterator = pages[Symbol.asyncIterator]();
  let failed: { readonly error: unknown } | undefined;
  const pumped = pump(stream, iterator).catch((error: unknown) => {
    if (!stream.over) failed = { error };
    stream.cancel(AppError.from(error));
  });
  try {
    let received = 0;
    for await (const { type: _, stream: __, ...page } of stream.data) {
      if (page.page.index !== received) {
        throw new AppError('protocol_error', `Field page.index: expected ${received}, found ${page.page.index}.`);
      }
      received++;
      yield page;
    }
    if (received !== announced) {
      throw new AppError('protocol_error', `Field pages: ${announced} were read, ${received} came.`);
    }
  } catch (error) {
    // The caller's own pages failed: the caller gets that very error.
    throw failed === undefined ? error : failed.error;
  } finally {
    deadline.dispose();
    call.signal?.removeEventListener('abort', onAbort);
    stream.cancel(new AppError('canceled', 'Nobody wants the rest of the pages.'));
    void pumped.then(() => iterator.return?.());
  }
}

async function pump(stream: OutgoingStream<Reading>, pages: AsyncIterator<Raster>): Promise<void> {
  for (let page = 0; !stream.over; page++) {
    const next = await pages.next();
    if (next.done) break;
    for (const part of imageParts(stream.id, page, next.value)) await stream.send(part);
  }
  stream.close();
}
