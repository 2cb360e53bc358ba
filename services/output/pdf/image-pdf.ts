/** Searchable PDF from pictures: each page shows its picture as it came, with the text over it where it was read. */
import type { DocumentPage } from '../../../models/core/document.ts';
import { writeFont } from './font-objects.ts';
import { PdfFile, pdfText, type WriteBytes } from './pdf-file.ts';
import { TextCodes } from './text-codes.ts';
import { FONT_NAME, imageMatrix, textLayer } from './text-layer.ts';

/** A JPEG that shows the page as it came: EXIF orientation applied, not turned upright. */
export interface PagePicture {
  readonly jpeg: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly colors: 'gray' | 'rgb';
}

/** Pictures that do not say their resolution are taken for this many dots per inch. */
const DPI_DEFAULT = 150;
/** Longest side of a page in points that readers must support (ISO 32000-1, annex C); larger pictures are shown smaller. */
const SIDE_POINTS_MAX = 14_400;

export class ImagePdf {
  #file: PdfFile;
  #codes = new TextCodes();
  #pages: number[] = [];
  #tree = 0;
  #font = 0;
  #title: string;

  constructor(write: WriteBytes, options: { readonly title: string }) {
    this.#file = new PdfFile(write);
    this.#title = options.title;
  }

  async begin(): Promise<void> {
    await this.#file.begin();
    this.#tree = this.#file.reserve();
    this.#font = this.#file.reserve();
  }

  async page(page: DocumentPage, picture: PagePicture): Promise<void> {
    const scale = pointsPerPx(page);
    const [width, height] = [picture.widthPx * scale, picture.heightPx * scale];
    const [image, content, number] = [this.#file.reserve(), this.#file.reserve(), this.#file.reserve()];
    const space = picture.colors === 'gray' ? '/DeviceGray' : '/DeviceRGB';
    await this.#file.stream(
      image,
      `/Type /XObject /Subtype /Image /Width ${picture.widthPx} /Height ${picture.heightPx} /ColorSpace ${space} ` +
        '/BitsPerComponent 8 /Filter /DCTDecode',
      picture.jpeg,
    );
    const draw = `q ${width} 0 0 ${height} 0 0 cm /Picture Do Q\n`;
    const layer = textLayer(page, imageMatrix(page, scale), this.#codes);
    await this.#file.compressed(content, '', Buffer.from(draw + layer));
    await this.#file.object(
      number,
      `<< /Type /Page /Parent ${this.#tree} 0 R /MediaBox [ 0 0 ${width} ${height} ] /Rotate ${page.turnedDegrees} ` +
        `/Resources << /XObject << /Picture ${image} 0 R >> /Font << /${FONT_NAME} ${this.#font} 0 R >> >> ` +
        `/Contents ${content} 0 R >>`,
    );
    this.#pages.push(number);
  }

  async end(): Promise<void> {
    const file = this.#file;
    const [catalog, info] = [file.reserve(), file.reserve()];
    await writeFont(file, this.#font, this.#codes);
    const kids = this.#pages.map((number) => `${number} 0 R`).join(' ');
    await file.object(this.#tree, `<< /Type /Pages /Kids [ ${kids} ] /Count ${this.#pages.length} >>`);
    await file.object(catalog, `<< /Type /Catalog /Pages ${this.#tree} 0 R >>`);
    await file.object(info, `<< /Title ${pdfText(this.#title)} /Producer ${pdfText('bytefuse')} >>`);
    await file.end(catalog, info);
  }
}

function pointsPerPx(page: DocumentPage): number {
  const scale = 72 / (page.dpi ?? DPI_DEFAULT);
  return Math.min(scale, SIDE_POINTS_MAX / Math.max(page.widthPx, page.heightPx));
}
