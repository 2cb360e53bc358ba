/** Pixels with transparency, put on a background on which they can be read. */

/** Transparent in more than this share of the picture: what is left is drawn, not a page with round corners. */
const DRAWN_SHARE_MIN = 0.5;
/** Middle of brightness: what is lighter stands out from black, what is darker from white. */
const LIGHT_MIN = 127.5;

/**
 * `rgba`: four bytes a pixel, color not multiplied by alpha. On white, as paper; light text with nothing behind it on black,
 * for on white it would be gone. Returns three bytes a pixel.
 */
export function onBackground(rgba: Uint8Array): Uint8Array {
  const pixels = rgba.length / 4;
  const background = isLightDrawing(rgba) ? 0 : 255;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const alpha = rgba[i * 4 + 3]! / 255;
    for (let channel = 0; channel < 3; channel++) {
      rgb[i * 3 + channel] = Math.round(alpha * rgba[i * 4 + channel]! + (1 - alpha) * background);
    }
  }
  return rgb;
}

function isLightDrawing(rgba: Uint8Array): boolean {
  let visible = 0;
  let brightness = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    const alpha = rgba[at + 3]!;
    visible += alpha;
    // Rec. 601, in whole numbers that sum to 256.
    brightness += (alpha * (77 * rgba[at]! + 150 * rgba[at + 1]! + 29 * rgba[at + 2]!)) / 256;
  }
  const share = visible / 255 / (rgba.length / 4);
  return visible > 0 && share < DRAWN_SHARE_MIN && brightness / visible > LIGHT_MIN;
}
