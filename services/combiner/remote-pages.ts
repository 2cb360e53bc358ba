import type { Lattice, Page, StreamMessage } from '../../fusion/protocol/messages.ts';
import { PageReceiver } from '../../fusion/protocol/page-parts.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { PageUnit } from '../../models/core/page.ts';
import { unexpected } from '../transport/incoming-stream.ts';
import { OutgoingStream } from '../transport/outgoing-stream.ts';
import type { PeerLink } from '../transport/peer-link.ts';

/** One stream of pages at a recognizer elsewhere. */
export class RemotePages {
  readonly stream: OutgoingStream<Page | Lattice>;
  #receiver: PageReceiver;
  #announced: number | undefined;

  #hold: boolean;

  /** `hold`: this side has more to say after the last page, and ends the stream itself. */
  constructor(
    id: number,
    link: PeerLink,
    parts: { readonly alphabetSize: number; readonly forget: () => void; readonly hold: boolean },
  ) {
    const { alphabetSize, forget, hold } = parts;
    this.#hold = hold;
    this.#receiver = new PageReceiver(alphabetSize);
    this.stream = new OutgoingStream<Page | Lattice>(id, link, {
      dataOf: (message) => (message.type === 'page' || message.type === 'lattice' ? message : undefined),
      other: (message) => this.#receive(message),
      ended: forget,
    });
  }

  /** Pages in order, each whole. While none is pulled, the recognizer stops once its credit is used up. */
  async *pages(): AsyncGenerator<PageUnit, void> {
    let received = 0;
    for await (const part of this.stream.data) {
      const page = this.#receiver.take(part);
      if (page === undefined) continue;
      received++;
      yield page;
    }
    if (received !== this.#announced) {
      throw new AppError('protocol_error', `Field pages: ${this.#announced} were announced, ${received} came.`);
    }
  }

  #receive(message: StreamMessage): void {
    if (message.type !== 'end' || this.#announced !== undefined) throw unexpected(message);
    this.#announced = message.pages;
    if (this.#hold) this.stream.data.finish();
    else this.stream.end(undefined);
  }
}
