import type { Image, Read, StreamMessage } from '../../fusion/protocol/messages.ts';
import { pageParts, RasterReceiver } from '../../fusion/protocol/page-parts.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { PageRecognizer } from '../../models/core/page.ts';
import { IncomingStream } from '../transport/incoming-stream.ts';
import type { PeerLink } from '../transport/peer-link.ts';

/** One stream of pages at the recognizer's end: each page is read as it is whole, while the next one comes in. */
export function openPageStream(link: PeerLink, recognizer: PageRecognizer, read: Read): IncomingStream<Image> {
  return new IncomingStream<Image>(link, read, {
    dataOf: (message: StreamMessage) => (message.type === 'image' ? message : undefined),
    async run(input) {
      const receiver = new RasterReceiver();
      let pages = 0;
      for await (const part of input) {
        const raster = receiver.take(part);
        if (raster === undefined) continue;
        const page = await recognizer.read(raster, pages, read.options, input.signal);
        for (const message of pageParts(input.id, page)) await input.credits.send(message);
        pages++;
      }
      if (receiver.isOpen) throw new AppError('protocol_error', 'Field type: close before the last page was whole.');
      link.send({ type: 'end', stream: input.id, pages });
    },
  });
}
