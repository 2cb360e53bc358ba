/**
 * From the detector's map to boxes (Liao et al. 2020, "Real-time Scene Text Detection with Differentiable Binarization",
 * section 3.4): threshold, connected regions, the smallest rectangle around each, its mean probability, and growing by
 * area * ratio / perimeter, since the network was taught shrunken text. Numbers are those of RapidOCR 3.10 for PP-OCRv6.
 */
import type { Quad } from '../core/page.ts';
import { TEXT_REGIONS_MAX } from './limits.ts';
import { convexHull, minAreaRect, type RotatedRect } from './min-area-rect.ts';
import { quadHeightPx, quadLengthPx, quadOfRect } from './quad.ts';
import { textRegions } from './text-regions.ts';

export interface DbOptions {
  /** Pixels above it are text, 0..1. */
  readonly pixelMin: number;
  /** Boxes whose mean is below it are dropped, 0..1. */
  readonly boxMin: number;
  /** How far a box grows: area * ratio / perimeter pixels on each side. */
  readonly unclipRatio: number;
}

/** As RapidOCR 3.10 sets them for this model. */
export const DB_DEFAULTS: DbOptions = { pixelMin: 0.3, boxMin: 0.5, unclipRatio: 1.6 };

/** The shorter side of a region before it grows, and of a box on the page after: below, it is a speck. */
const REGION_SIDE_MIN = 3;
const BOX_SIDE_MIN = 4;

/** A line of text as the detector sees it. */
export interface TextBox {
  /** In pixels of the page, clipped to it; begins top left on the page, whatever the direction of reading. */
  readonly quad: Quad;
  /** Mean of the map inside the region's rectangle, 0..1. */
  readonly score: number;
}

export interface ProbabilityMap {
  readonly width: number;
  readonly height: number;
  /** [height * width], 0..1. */
  readonly values: Float32Array;
}

/**
 * Boxes from top to bottom, those of one row from left to right.
 * @param page size of the page that the map stands for, in pixels
 */
export function dbBoxes(
  map: ProbabilityMap,
  page: { readonly width: number; readonly height: number },
  options: DbOptions = DB_DEFAULTS,
): TextBox[] {
  const scaleX = page.width / map.width;
  const scaleY = page.height / map.height;
  const boxes: TextBox[] = [];
  for (const points of textRegions(map, options.pixelMin, TEXT_REGIONS_MAX)) {
    const rect = minAreaRect(convexHull(points));
    if (Math.min(rect.along, rect.across) < REGION_SIDE_MIN) continue;
    const score = meanInside(map, rect);
    if (score < options.boxMin) continue;
    const margin = (rect.along * rect.across * options.unclipRatio) / (2 * (rect.along + rect.across));
    const quad = clipped(quadOfRect(rect, margin), scaleX, scaleY, page);
    if (Math.min(quadLengthPx(quad), quadHeightPx(quad)) < BOX_SIDE_MIN) continue;
    boxes.push({ quad, score });
  }
  return inRows(boxes);
}

function clipped(
  quad: Quad,
  scaleX: number,
  scaleY: number,
  page: { readonly width: number; readonly height: number },
): Quad {
  return quad.map((value, i) => {
    const scaled = i % 2 === 0 ? value * scaleX : value * scaleY;
    return Math.min(Math.max(scaled, 0), i % 2 === 0 ? page.width - 1 : page.height - 1);
  }) as unknown as Quad;
}

/** Mean of the map over the pixels whose centers lie in the rectangle; 0 where there are none. */
export function meanInside(map: ProbabilityMap, rect: RotatedRect): number {
  const halfX = (Math.abs(rect.along * rect.dirX) + Math.abs(rect.across * rect.dirY)) / 2;
  const halfY = (Math.abs(rect.along * rect.dirY) + Math.abs(rect.across * rect.dirX)) / 2;
  const top = Math.max(0, Math.floor(rect.centerY - halfY));
  const bottom = Math.min(map.height - 1, Math.ceil(rect.centerY + halfY));
  const left = Math.max(0, Math.floor(rect.centerX - halfX));
  const right = Math.min(map.width - 1, Math.ceil(rect.centerX + halfX));
  const { dirX, dirY } = rect;
  // Pixels of the outline are points of the region: they count in spite of rounding.
  const halfAlong = rect.along / 2 + 1e-6;
  const halfAcross = rect.across / 2 + 1e-6;
  let sum = 0;
  let count = 0;
  for (let y = top; y <= bottom; y++) {
    const dy = y - rect.centerY;
    const row = y * map.width;
    // In this row, x is inside where both |along| and |across| are within their halves: an interval each.
    const [fromA, toA] = within(dirX, dy * dirY, halfAlong);
    const [fromB, toB] = within(-dirY, dy * dirX, halfAcross);
    const from = Math.max(left, Math.ceil(rect.centerX + Math.max(fromA, fromB)));
    const to = Math.min(right, Math.floor(rect.centerX + Math.min(toA, toB)));
    for (let x = from; x <= to; x++) sum += map.values[row + x]!;
    if (to >= from) count += to - from + 1;
  }
  return count === 0 ? 0 : sum / count;
}

/** The interval of d with |slope * d + offset| <= half. */
function within(slope: number, offset: number, half: number): [number, number] {
  if (Math.abs(slope) < 1e-12) {
    return Math.abs(offset) <= half
      ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
      : [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  }
  const a = (-half - offset) / slope;
  const b = (half - offset) / slope;
  return a < b ? [a, b] : [b, a];
}

/** Boxes whose middles differ by less than half of the smaller height stand in one row. */
const ROW_SHARE = 0.5;

function inRows(boxes: TextBox[]): TextBox[] {
  const middle = ({ quad }: TextBox): number => (quad[1] + quad[3] + quad[5] + quad[7]) / 4;
  const left = ({ quad }: TextBox): number => Math.min(quad[0], quad[6]);
  const sorted = boxes.sort((a, b) => middle(a) - middle(b) || left(a) - left(b));
  const rows: TextBox[][] = [];
  for (const box of sorted) {
    const row = rows.at(-1);
    const first = row?.[0];
    const height = first ? Math.min(quadHeightPx(first.quad), quadHeightPx(box.quad)) : 0;
    if (first && middle(box) - middle(first) < ROW_SHARE * height) row!.push(box);
    else rows.push([box]);
  }
  return rows.flatMap((row) => row.sort((a, b) => left(a) - left(b) || middle(a) - middle(b)));
}
