import { AppError } from '../../models/core/app-error.ts';
import type { Raster } from '../../models/core/page.ts';
import type { DocumentFormat } from '../../models/page-image/document-kind.ts';
import { type TextLayer, textLayerFrom } from '../../models/page-image/text-layer.ts';
import { type DecoderAnswer, type Frame, textLayerColumns } from './decoder-frames.ts';
import { DecoderPool } from './decoder-pool.ts';
import type { DecoderProcess } from './decoder-process.ts';
import { type DocumentInput, type DocumentSource, openSource } from './document-source.ts';
import {
  DECODER_MEMORY_BYTES_MAX,
  DECODERS_MAX,
  DOCUMENT_BYTES_MAX,
  OPEN_MS_MAX,
  PAGE_MS_MAX,
  PAGE_PIXELS_MAX,
  PAGES_MAX,
  PDF_DPI_DEFAULT,
  PDF_DPI_MAX,
  PDF_DPI_MIN,
} from './limits.ts';
import { type PageRange, selectPages } from './page-range.ts';

export interface IntakeSettings {
  /** Documents that are decoded at once; further ones wait. */
  readonly decodersMax?: number;
  /** Resident memory of one decoder process. */
  readonly memoryBytesMax?: number;
  /** Largest page that any document may ask for. */
  readonly pixelsMax?: number;
}

export interface DocumentOptions {
  /** Pages as people count them, from 1: inclusive ranges; empty or absent for all. */
  readonly pages?: readonly PageRange[];
  /** PDF: dots per inch of a rendered page, 72 to 1200; a page that would be too large is drawn at less. */
  readonly dpi?: number;
  /** PDF: `never` leaves the file's own text alone. */
  readonly textLayer?: 'auto' | 'never';
  readonly signal?: AbortSignal;
  readonly limits?: Partial<DocumentLimits>;
}

export interface DocumentLimits {
  readonly bytesMax: number;
  /** Not above the intake's own. */
  readonly pixelsMax: number;
  /** Pages of one request. */
  readonly pagesMax: number;
  readonly openMsMax: number;
  readonly pageMsMax: number;
}

/** One page, upright as far as the file itself says how it stands. The caller owns it. */
export interface DocumentImage {
  /** As people count, from 1. */
  readonly number: number;
  readonly raster: Raster;
  /** Dots per inch of these pixels, where the file or the rendering says so. */
  readonly dpi?: number;
  /** PDF: the file's own text, sound or not (`verdict`); absent where it has no characters, or was not asked for. */
  readonly textLayer?: TextLayer;
  /** Wall-clock milliseconds from asking to having it. */
  readonly decodeMs: number;
}

export interface OpenDocument {
  /** File name without folders; "the document" where it has none. */
  readonly name: string;
  readonly format: DocumentFormat;
  /** Pages of the whole file. */
  readonly pageCount: number;
  /** Pages that `pages()` gives, ascending, from 1. */
  readonly pageNumbers: readonly number[];
  /**
   * The pages, in order. At most one is decoded ahead of the one that was handed out. Throws AppError; after that the
   * document is at its end.
   */
  pages(): AsyncIterableIterator<DocumentImage>;
  /** Lets go of everything, at once, whatever is under way. May be called twice. */
  close(): Promise<void>;
}

const DEFAULT_LIMITS: DocumentLimits = {
  bytesMax: DOCUMENT_BYTES_MAX,
  pixelsMax: PAGE_PIXELS_MAX,
  pagesMax: PAGES_MAX,
  openMsMax: OPEN_MS_MAX,
  pageMsMax: PAGE_MS_MAX,
};
/** The decoder gives up by itself after `pageMsMax` where it can; the process is ended this much later. */
const GRACE_MS = 1000;

/**
 * Documents in, pages out. Files are decoded in processes of their own, so that a hostile one harms nothing but itself.
 * Each open document holds one of `decodersMax` places until it is closed.
 */
export class DocumentIntake {
  readonly #pool: DecoderPool;
  readonly #pixelsMax: number;

  constructor(settings: IntakeSettings = {}) {
    this.#pixelsMax = settings.pixelsMax ?? PAGE_PIXELS_MAX;
    this.#pool = new DecoderPool({
      decodersMax: settings.decodersMax ?? DECODERS_MAX,
      memoryBytesMax: settings.memoryBytesMax ?? DECODER_MEMORY_BYTES_MAX,
      pixelsMax: this.#pixelsMax,
    });
  }

  /**
   * Looks at the document and counts its pages. Throws AppError: the codes of openSource, image_corrupt, image_too_large,
   * pdf_corrupt, pdf_encrypted, document_too_many_pages, document_too_heavy, document_timeout, document_crashed,
   * invalid_option, canceled.
   */
  async open(input: DocumentInput, options: DocumentOptions = {}): Promise<OpenDocument> {
    const dpi = options.dpi ?? PDF_DPI_DEFAULT;
    if (!(dpi >= PDF_DPI_MIN && dpi <= PDF_DPI_MAX)) {
      throw new AppError('invalid_option', `dpi is ${dpi}; it can be ${PDF_DPI_MIN} to ${PDF_DPI_MAX}`);
    }
    const given = { ...DEFAULT_LIMITS, ...options.limits };
    const limits = { ...given, pixelsMax: Math.min(given.pixelsMax, this.#pixelsMax) };
    const { signal } = options;
    const source = await openSource(input, { bytesMax: limits.bytesMax, signal });
    let decoder: DecoderProcess | null = null;
    try {
      decoder = await this.#pool.take(signal);
      const pageCount = await askToOpen(decoder, source, limits, signal);
      const pageNumbers = selectPages(options.pages ?? [], pageCount, limits.pagesMax, source.name);
      const textLayer = source.format === 'pdf' && options.textLayer !== 'never';
      return new DecodedDocument(this.#pool, decoder, source, {
        pageCount,
        pageNumbers,
        dpi,
        textLayer,
        limits,
        signal,
      });
    } catch (error) {
      if (decoder) await this.#pool.giveBack(decoder);
      await source.close();
      throw error;
    }
  }

  /** Ends all decoders; open documents fail with `canceled`. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}

async function askToOpen(
  decoder: DecoderProcess,
  { name, format, at }: DocumentSource,
  { pixelsMax, pageMsMax, openMsMax }: DocumentLimits,
  signal: AbortSignal | undefined,
): Promise<number> {
  const path = 'path' in at ? at.path : null;
  const { message } = await decoder.request(
    { kind: 'open', format, name, path, pixelsMax, pageMsMax },
    { what: `Opening ${name}`, msMax: openMsMax, signal, payload: 'bytes' in at ? [at.bytes] : [] },
  );
  if (message.kind !== 'opened' || !Number.isSafeInteger(message.pages) || message.pages < 1) {
    throw new AppError('document_crashed', `Opening ${name} got a strange answer`);
  }
  return message.pages;
}

interface DocumentPlan {
  readonly pageCount: number;
  readonly pageNumbers: readonly number[];
  readonly dpi: number;
  readonly textLayer: boolean;
  readonly limits: DocumentLimits;
  readonly signal: AbortSignal | undefined;
}

class DecodedDocument implements OpenDocument {
  readonly name: string;
  readonly format: DocumentFormat;
  readonly pageCount: number;
  readonly pageNumbers: readonly number[];
  readonly #pool: DecoderPool;
  readonly #decoder: DecoderProcess;
  readonly #source: DocumentSource;
  readonly #plan: DocumentPlan;
  #closing: Promise<void> | null = null;
  #reading = false;

  constructor(pool: DecoderPool, decoder: DecoderProcess, source: DocumentSource, plan: DocumentPlan) {
    this.name = source.name;
    this.format = source.format;
    this.pageCount = plan.pageCount;
    this.pageNumbers = plan.pageNumbers;
    this.#pool = pool;
    this.#decoder = decoder;
    this.#source = source;
    this.#plan = plan;
  }

  async *pages(): AsyncGenerator<DocumentImage, undefined, undefined> {
    if (this.#reading) throw new Error('the pages of a document are read once');
    this.#reading = true;
    const { pageNumbers } = this;
    let next: Promise<DocumentImage> | null = null;
    try {
      for (let i = 0; i < pageNumbers.length; i++) {
        const page: DocumentImage = await (next ?? this.#decode(pageNumbers[i]!));
        next = i + 1 < pageNumbers.length ? this.#decode(pageNumbers[i + 1]!) : null;
        // Whoever asks for that page hears of it; until then its failure is nobody's.
        next?.catch(() => {});
        yield page;
      }
    } finally {
      // Also where the caller stops early: a page that is still being decoded is of no use to anybody.
      await this.close();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const decoder = this.#decoder;
    if (decoder.busy) await decoder.kill();
    else if (decoder.healthy) await this.#askToClose();
    await this.#pool.giveBack(decoder);
    await this.#source.close();
  }

  async #askToClose(): Promise<void> {
    try {
      await this.#decoder.request({ kind: 'close' }, { what: `Closing ${this.name}`, msMax: OPEN_MS_MAX });
    } catch {
      // A decoder that breaks down over closing takes nothing with it; the pool replaces it.
      await this.#decoder.kill();
    }
  }

  async #decode(number: number): Promise<DocumentImage> {
    const { dpi, textLayer, limits, signal } = this.#plan;
    if (this.#closing) throw new AppError('canceled', `${this.name} was closed`);
    const startedMs = performance.now();
    const frame = await this.#decoder.request(
      { kind: 'page', index: number - 1, dpi, textLayer },
      { what: `Page ${number} of ${this.name}`, msMax: limits.pageMsMax + GRACE_MS, signal },
    );
    return imageFrom(frame, number, performance.now() - startedMs);
  }
}

function imageFrom({ message, payload }: Frame<DecoderAnswer>, number: number, decodeMs: number): DocumentImage {
  if (message.kind !== 'page') throw new AppError('document_crashed', `A decoder answered ${message.kind} for a page`);
  const { widthPx, heightPx, dpi, textLayer } = message;
  const bytes = widthPx * heightPx * 3;
  const layer =
    textLayer && textLayer.chars > 0
      ? textLayerFrom(textLayerColumns(payload, bytes, textLayer.chars), textLayer.verdict)
      : null;
  return {
    number,
    raster: { width: widthPx, height: heightPx, rgb: payload.subarray(0, bytes) },
    ...(dpi === null ? {} : { dpi }),
    ...(layer === null ? {} : { textLayer: layer }),
    decodeMs,
  };
}
