/**
 * Main file of a decoder process: decodes pages of one document after the other, as its owner asks for them over file
 * descriptor 3. It holds no secrets and writes nothing; when its owner goes away, it ends.
 */
import { Socket } from 'node:net';
import { AppError } from '../../models/core/app-error.ts';
import {
  type DecoderAnswer,
  type DecoderRequest,
  type Frame,
  FrameReader,
  textLayerBytes,
  writeFrame,
} from './decoder-frames.ts';
import { openImage, prepareImageLibrary } from './image-decoder.ts';
import { DOCUMENT_BYTES_MAX } from './limits.ts';
import type { PageDecoder } from './page-decoder.ts';
import { openPdf } from './pdf-decoder.ts';
import { loadPdfium, type Pdfium } from './pdfium-module.ts';

const OWNER_DESCRIPTOR = 3;

class Decoder {
  readonly #pdfHeapBytesMax: number;
  #document: PageDecoder | null = null;
  /** Loaded with the first PDF: images do without its 60 ms. */
  #pdfium: Promise<Pdfium> | null = null;

  constructor(pdfHeapBytesMax: number) {
    this.#pdfHeapBytesMax = pdfHeapBytesMax;
  }

  async answer({ message, payload }: Frame<DecoderRequest>, send: Send): Promise<void> {
    switch (message.kind) {
      case 'open': {
        this.#close();
        this.#document = await this.#open(message, payload);
        return send({ kind: 'opened', pages: this.#document.pages });
      }
      case 'page':
        return this.#sendPage(message, send);
      case 'close': {
        this.#close();
        return send({ kind: 'closed' });
      }
    }
  }

  async failure(error: unknown): Promise<DecoderAnswer> {
    if (error instanceof AppError) return { kind: 'failed', code: error.code, message: error.message, broken: false };
    // Only PDFium's module ends like this: a trap or an abort, after which its heap is not to be trusted.
    const wantsMemory = this.#pdfium !== null && (await this.#pdfium).outOfMemory();
    const said = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return wantsMemory
      ? { kind: 'failed', code: 'document_too_heavy', message: 'The document needs too much memory', broken: true }
      : { kind: 'failed', code: 'document_crashed', message: `The decoder broke down (${said})`, broken: true };
  }

  async #open(request: DecoderRequest & { kind: 'open' }, payload: Uint8Array): Promise<PageDecoder> {
    const { format, name, path, pixelsMax, pageMsMax } = request;
    const source = path === null ? { bytes: payload } : { path };
    if (format !== 'pdf') return openImage(format, { name, source, pixelsMax, pageMsMax });
    this.#pdfium ??= loadPdfium(this.#pdfHeapBytesMax);
    return openPdf(await this.#pdfium, { name, source, pixelsMax, pageMsMax });
  }

  async #sendPage(request: DecoderRequest & { kind: 'page' }, send: Send): Promise<void> {
    const page = await this.#document!.decode(request.index, request);
    const { raster, dpi, textLayer } = page;
    const text = textLayer && { chars: textLayer.columns.codes.length, verdict: textLayer.verdict };
    const answer: DecoderAnswer = {
      kind: 'page',
      widthPx: raster.width,
      heightPx: raster.height,
      dpi,
      textLayer: text,
    };
    await send(answer, [raster.rgb, ...(textLayer ? textLayerBytes(textLayer.columns) : [])]);
    page.release();
  }

  #close(): void {
    this.#document?.close();
    this.#document = null;
  }
}

type Send = (answer: DecoderAnswer, payload?: readonly Uint8Array[]) => Promise<void>;

function main(pdfHeapBytesMax: number): void {
  prepareImageLibrary();
  const socket = new Socket({ fd: OWNER_DESCRIPTOR, readable: true, writable: true });
  const decoder = new Decoder(pdfHeapBytesMax);
  const send: Send = (answer, payload) => writeFrame(socket, answer, payload);
  let last = Promise.resolve();
  const frames = new FrameReader<DecoderRequest>(DOCUMENT_BYTES_MAX, (frame) => {
    last = last.then(async () => {
      try {
        await decoder.answer(frame, send);
      } catch (error) {
        await send(await decoder.failure(error));
      }
    });
  });
  socket.on('data', (chunk) => frames.push(chunk));
  // The owner is gone: nobody reads the answers.
  socket.on('end', () => process.exit(0));
  socket.on('error', () => process.exit(0));
  void send({ kind: 'ready' });
}

main(Number(process.argv[2]));
