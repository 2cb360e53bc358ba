import type { Clock } from '../../fusion/protocol/deadline.ts';
import type { Image, LineResult, Read, Reading, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { LatticeSearch, PageUnit } from '../../models/core/page.ts';
import { IncomingStream, type StreamWork } from '../transport/incoming-stream.ts';
import type { PeerLink } from '../transport/peer-link.ts';
import type { PageSearchFactory } from './combiner-service.ts';
import type { RecognizerPool } from './recognizer-pool.ts';
import type { RemotePages } from './remote-pages.ts';

/** One stream of pages of an application: pixels go to a recognizer, what the search made of its lattices comes back. */
export function openPageStream(
  link: PeerLink,
  parts: { readonly pool: RecognizerPool; readonly readFor: PageSearchFactory },
  read: Read,
): IncomingStream<Image> {
  return new IncomingStream(link, read, new PageWork(parts.pool, parts.readFor, read));
}

class PageWork implements StreamWork<Image> {
  #pool: RecognizerPool;
  #readFor: PageSearchFactory;
  #read: Read;
  #remote: RemotePages | undefined;

  constructor(pool: RecognizerPool, readFor: PageSearchFactory, read: Read) {
    this.#pool = pool;
    this.#readFor = readFor;
    this.#read = read;
  }

  dataOf(message: StreamMessage): Image | undefined {
    return message.type === 'image' ? message : undefined;
  }

  stopped(error: AppError): void {
    this.#remote?.stream.cancel(error);
  }

  async run(input: IncomingStream<Image>): Promise<void> {
    const { id, link, credits, signal, deadline } = input;
    const { options } = this.#read;
    const recognizer = await this.#pool.acquire('page', signal);
    const { name, kind } = recognizer.info!;
    if (kind !== 'lattice') {
      throw new AppError('protocol_error', `${name} is a ${kind} recognizer for pages; a lattice one is needed.`);
    }
    // Begun at once, so that a language model loads while the recognizer looks at its first page.
    const search = Promise.resolve(
      this.#readFor({
        options,
        recognizer: recognizer.info!,
        alphabet: () => this.#pool.alphabet(recognizer),
        signal,
      }),
    );
    search.catch((error: unknown) => input.stop(AppError.from(error)));

    const remote = recognizer.openPages(options, deadline.leftMs);
    this.#remote = remote;
    sendPages(input, remote);
    let pages = 0;
    for await (const unit of remote.pages()) {
      await credits.send({ type: 'reading', stream: id, ...(await readUnit(await search, unit, signal, link.clock)) });
      pages++;
    }
    link.send({ type: 'end', stream: id, pages });
  }
}

/** What the search makes of a page. */
export async function readUnit(
  search: LatticeSearch,
  unit: PageUnit,
  signal: AbortSignal,
  clock: Clock,
): Promise<Omit<Reading, 'type' | 'stream'>> {
  const startMs = clock.nowMs();
  const { lines, language, stats, warnings } = await search(unit, signal);
  if (lines.length !== unit.lines.length) throw new Error(`${lines.length} readings of ${unit.lines.length} lines`);
  const { lines: found, ...page } = unit;
  return {
    page,
    lines: found.map(({ lattice: _, ...line }, i): LineResult => ({ line, reading: lines[i]! })),
    language,
    stats,
    warnings,
    searchMs: clock.nowMs() - startMs,
  };
}

/** Runs beside the results. Parts go on as they come: the recognizer puts them together and checks them. */
function sendPages(input: IncomingStream<Image>, remote: RemotePages): void {
  const pump = async () => {
    for await (const part of input) await remote.stream.send({ ...part, stream: remote.stream.id });
    remote.stream.close();
  };
  // The end of the stream reaches the pump as well, and is told through the results.
  pump().catch((error: unknown) => remote.stream.cancel(AppError.from(error)));
}
