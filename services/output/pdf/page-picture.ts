import sharp, { type Sharp } from 'sharp';
import type { Raster } from '../../../models/core/page.ts';
import type { PagePicture } from './image-pdf.ts';

/** Quality at which text shows no rings. */
const JPEG_QUALITY = 90;

/** The pixels as sharp takes them; they were decoded elsewhere, so nothing here reads a stranger's file. */
export function openPicture({ rgb, width, height }: Raster): Sharp {
  const limitInputPixels = width * height;
  return sharp(rgb, { raw: { width, height, channels: 3 }, limitInputPixels });
}

/** A page's picture for a PDF; pages without color take a third of the place. */
export async function pagePicture(image: Raster): Promise<PagePicture> {
  const colors = isGray(image.rgb) ? 'gray' : 'rgb';
  const picture = colors === 'gray' ? openPicture(image).toColourspace('b-w') : openPicture(image);
  const jpeg = await picture.jpeg({ quality: JPEG_QUALITY, chromaSubsampling: '4:4:4' }).toBuffer();
  return { jpeg, widthPx: image.width, heightPx: image.height, colors };
}

function isGray(rgb: Uint8Array): boolean {
  for (let i = 0; i < rgb.length; i += 3) {
    const green = rgb[i + 1]!;
    if (Math.abs(rgb[i]! - green) > 8 || Math.abs(rgb[i + 2]! - green) > 8) return false;
  }
  return true;
}
