/**
 * Can the text that a PDF page brings along be taken instead of recognizing it? Only where it is likely the text that a
 * reader sees: its glyphs are mapped to characters, the characters read like writing, they stand where the page has ink,
 * and the ink of the page is theirs. A scan with a poor or partial hidden layer fails; so does a page whose text was
 * turned into outlines except for its footer.
 */
import type { Raster } from '../core/page.ts';
import { InkGrid, type PixelBox } from './ink-grid.ts';
import { nonsenseIn } from './letter-sense.ts';
import { CharFlag, type TextLayerColumns } from './text-layer.ts';

/**
 * `empty`: no characters. `unmapped`: fonts do not say what too many glyphs are. `nonsense`: no writing (letter-sense.ts).
 * `off-ink`: characters stand where the page is blank. `partial`: much of the page's ink has no characters.
 */
export type TextLayerFault = 'empty' | 'unmapped' | 'nonsense' | 'off-ink' | 'partial';

export interface TextLayerVerdict {
  readonly sound: boolean;
  /** Null where sound. */
  readonly fault: TextLayerFault | null;
  /** One sentence part with the measured value and the bound; '' where sound. */
  readonly reason: string;
  readonly measures: TextLayerMeasures;
}

export interface TextLayerMeasures {
  /** Visible characters. */
  readonly chars: number;
  /** Shares 0..1: of characters without a meaning, of characters drawn without ink, */
  readonly unmappedShare: number;
  readonly invisibleShare: number;
  /** of characters with ink under them, and of the page's ink that is under characters. */
  readonly onInkShare: number;
  readonly inkCoveredShare: number;
  /** Share of the page's area under images; a scan has nearly all. */
  readonly imageShare: number;
}

/** Bullets from symbol fonts have no meaning and are harmless; one character in thirty is more than bullets. */
const UNMAPPED_SHARE_MAX = 0.03;
/** Boxes of sound layers hold ink but for odd fonts and text outside of the page's clip. */
const ON_INK_SHARE_MIN = 0.8;
/** Rules, frames and drawings are ink without characters; beyond half of the ink, words may be among it. */
const INK_COVERED_SHARE_MIN = 0.5;
/** A hidden layer was recognized by somebody: where it leaves out more than a quarter of the ink, it was done badly. */
const HIDDEN_INK_COVERED_SHARE_MIN = 0.75;
/** Above this share of hidden characters the layer is a hidden one. */
const HIDDEN_SHARE_MIN = 0.5;
/** Images that cover most of the page are a scan of it, so their ink counts as the page's; small ones are pictures. */
const SCAN_IMAGE_SHARE_MIN = 0.6;

export interface PageInView {
  /** The rendered page. */
  readonly raster: Raster;
  readonly dpi: number;
  /** Where the page has images, in pixels of the rendering. */
  readonly images: readonly PixelBox[];
}

export function judgeTextLayer(layer: TextLayerColumns, page: PageInView): TextLayerVerdict {
  const measures = measure(layer, page);
  const fault = faultOf(layer, measures);
  if (fault === null) return { sound: true, fault: null, reason: '', measures };
  return { sound: false, fault: fault[0], reason: fault[1], measures };
}

function faultOf(layer: TextLayerColumns, measures: TextLayerMeasures): [TextLayerFault, string] | null {
  const { chars, unmappedShare, invisibleShare, onInkShare, inkCoveredShare } = measures;
  if (chars === 0) return ['empty', 'it has no characters'];
  if (unmappedShare > UNMAPPED_SHARE_MAX) {
    return [
      'unmapped',
      `${percent(unmappedShare)} of its glyphs have no character (at most ${percent(UNMAPPED_SHARE_MAX)})`,
    ];
  }
  const nonsense = nonsenseIn(plainText(layer));
  if (nonsense !== null) return ['nonsense', `it is no writing: ${nonsense}`];
  if (onInkShare < ON_INK_SHARE_MIN) {
    return ['off-ink', `${percent(onInkShare)} of its characters stand on ink (at least ${percent(ON_INK_SHARE_MIN)})`];
  }
  const coveredMin = invisibleShare >= HIDDEN_SHARE_MIN ? HIDDEN_INK_COVERED_SHARE_MIN : INK_COVERED_SHARE_MIN;
  if (inkCoveredShare < coveredMin) {
    return ['partial', `it covers ${percent(inkCoveredShare)} of the page's ink (at least ${percent(coveredMin)})`];
  }
  return null;
}

function measure(layer: TextLayerColumns, { raster, dpi, images }: PageInView): TextLayerMeasures {
  const { codes, flags } = layer;
  const chars = codes.length;
  const ink = new InkGrid(raster, dpi);
  const covered = new Uint8Array(ink.columns * ink.rows);
  let [unmapped, invisible, onInk] = [0, 0, 0];
  for (let i = 0; i < chars; i++) {
    if ((flags[i]! & CharFlag.unmapped) !== 0 || isMeaningless(codes[i]!)) unmapped++;
    if ((flags[i]! & CharFlag.invisible) !== 0) invisible++;
    const box = boundsOf(layer.quads, i);
    if (ink.hasInk(box)) onInk++;
    // One cell of margin: strokes stand out of their boxes, and scans are never quite in place.
    ink.mark(covered, box, 1);
  }
  const share = (count: number) => (chars === 0 ? 0 : count / chars);
  const invisibleShare = share(invisible);
  const { imageShare, inkCoveredShare } = coverage(ink, covered, images, invisibleShare >= HIDDEN_SHARE_MIN);
  const shares = { unmappedShare: share(unmapped), invisibleShare, onInkShare: share(onInk) };
  return { chars, ...shares, inkCoveredShare, imageShare };
}

function coverage(ink: InkGrid, covered: Uint8Array, images: readonly PixelBox[], hidden: boolean) {
  const pictured = new Uint8Array(covered.length);
  for (const image of images) ink.mark(pictured, image);
  const imageShare = pictured.reduce((sum, cell) => sum + cell, 0) / pictured.length;
  const picturesCount = hidden || imageShare >= SCAN_IMAGE_SHARE_MIN;
  let [busy, busyCovered] = [0, 0];
  for (let cell = 0; cell < covered.length; cell++) {
    if (!ink.isBusy(cell) || (pictured[cell] === 1 && covered[cell] === 0 && !picturesCount)) continue;
    busy++;
    busyCovered += covered[cell]!;
  }
  return { imageShare, inkCoveredShare: busy === 0 ? 0 : busyCovered / busy };
}

/** Replacement characters, private use, controls and code points that are no characters. */
function isMeaningless(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code < 0xa0) ||
    (code >= 0xd800 && code < 0xf900) ||
    code === 0xfffd ||
    (code & 0xfffe) === 0xfffe ||
    (code >= 0xfdd0 && code <= 0xfdef) ||
    code >= 0xf0000
  );
}

function plainText({ codes, flags }: TextLayerColumns): string {
  let text = '';
  for (let i = 0; i < codes.length; i++) {
    text += String.fromCodePoint(codes[i]!);
    if ((flags[i]! & (CharFlag.spaceAfter | CharFlag.lineEnd)) !== 0) text += ' ';
  }
  return text;
}

function boundsOf(quads: Float32Array, index: number): PixelBox {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = quads.subarray(index * 8, index * 8 + 8) as unknown as number[];
  return [
    Math.min(x0!, x1!, x2!, x3!),
    Math.min(y0!, y1!, y2!, y3!),
    Math.max(x0!, x1!, x2!, x3!),
    Math.max(y0!, y1!, y2!, y3!),
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
