import type { Raster } from '../../models/core/page.ts';
import type { TextLayerColumns } from '../../models/page-image/text-layer.ts';
import type { TextLayerVerdict } from '../../models/page-image/text-layer-verdict.ts';

/** An open document inside a decoder process. One call at a time. */
export interface PageDecoder {
  /** Pages of the whole file. */
  readonly pages: number;
  /** Page `index` from 0. Throws AppError. */
  decode(index: number, options: { dpi: number; textLayer: boolean }): Promise<DecodedPage>;
  close(): void;
}

export interface DecodedPage {
  /** Its bytes are valid until `release`. */
  readonly raster: Raster;
  readonly dpi: number | null;
  readonly textLayer: { readonly columns: TextLayerColumns; readonly verdict: TextLayerVerdict } | null;
  release(): void;
}

export interface DecoderInput {
  /** For messages; without folders. */
  readonly name: string;
  readonly source: { readonly path: string } | { readonly bytes: Uint8Array };
  readonly pixelsMax: number;
  readonly pageMsMax: number;
}
