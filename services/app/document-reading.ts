/** A document from file to text: pages come from the intake, go through recognizer and search, and leave as they finish. */
import { documentPage } from '../../fusion/document/document-page.ts';
import { layerPage } from '../../fusion/document/layer-page.ts';
import type { DocumentPage } from '../../models/core/document.ts';
import type { Raster, ReadOptions } from '../../models/core/page.ts';
import type { Warning } from '../../models/core/stepwise.ts';
import type { ReadPage } from '../combiner/combiner-client.ts';
import type { DocumentImage } from '../intake/document-intake.ts';

/** What reads pages: the combiner's client, or a toy. */
export interface PageEngine {
  read(
    pages: AsyncIterable<Raster>,
    options: ReadOptions,
    call: { readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<ReadPage, void>;
}

export interface ReadResult {
  readonly page: DocumentPage;
  /** The page as it came: EXIF orientation applied, not turned upright. */
  readonly image: Raster;
}

/** Pages under way at once: while one is searched, the next is looked at. */
const PAGES_AHEAD = 1;

/** A page that waits for its turn to leave. */
interface Pending {
  readonly image: DocumentImage;
  /** Present where the page's own text was taken. */
  readonly layer?: DocumentPage;
}

/**
 * Reads `images` in order. A page whose own text layer is sound is not recognized unless options.textLayer is `never`; a
 * document of such pages alone never opens a stream at the recognizer.
 */
export async function* readImages(
  engine: PageEngine,
  images: AsyncIterable<DocumentImage>,
  options: ReadOptions,
  signal?: AbortSignal,
): AsyncGenerator<ReadResult, void> {
  const feed = new RasterFeed();
  let reader: AsyncGenerator<ReadPage, void> | undefined;
  const pending: Pending[] = [];
  const leave = async (): Promise<ReadResult> => {
    const { image, layer } = pending.shift()!;
    if (layer !== undefined) return { page: layer, image: image.raster };
    const next = await reader!.next();
    if (next.done) throw new Error('the recognizer gave fewer pages than it got');
    const { number, dpi, decodeMs } = image;
    const page = documentPage(next.value, { number, dpi, decodeMs });
    return { page: { ...page, warnings: [...layerWarning(image, options), ...page.warnings] }, image: image.raster };
  };
  try {
    for await (const image of images) {
      const layer = ownText(image, options);
      if (layer === undefined) {
        reader ??= engine.read(feed, options, { signal });
        feed.push(image.raster);
      }
      pending.push(layer === undefined ? { image } : { image, layer });
      while (pending.length > PAGES_AHEAD || pending[0]?.layer !== undefined) yield await leave();
    }
    feed.close();
    while (pending.length > 0) yield await leave();
    // Waits for the end of the stream, which checks that all pages came.
    if (reader !== undefined) await reader.next();
  } finally {
    feed.close();
    await reader?.return();
  }
}

function ownText({ number, raster, dpi, decodeMs, textLayer }: DocumentImage, options: ReadOptions) {
  if (options.textLayer === 'never' || textLayer === undefined || !textLayer.verdict.sound) return undefined;
  return layerPage(textLayer.lines, { number, widthPx: raster.width, heightPx: raster.height, dpi, decodeMs });
}

/** A text layer that was not good enough, and why. */
function layerWarning({ textLayer }: DocumentImage, options: ReadOptions): Warning[] {
  if (options.textLayer === 'never' || textLayer === undefined) return [];
  const message = `The file's own text was not taken: ${textLayer.verdict.reason}.`;
  return [{ code: 'text_layer_unsound', message }];
}

/** Pixels on their way to the recognizer; whoever pushes keeps to PAGES_AHEAD. */
class RasterFeed implements AsyncIterable<Raster> {
  #waiting: Raster[] = [];
  #closed = false;
  #wake: (() => void) | undefined;

  push(raster: Raster): void {
    this.#waiting.push(raster);
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Raster, void> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#closed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
