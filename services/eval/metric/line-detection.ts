/**
 * Which boxes of the reference were found, where the reference may box words and the system lines, or the other way
 * round.
 *
 * 1. One to one: pairs whose intersection over union is at least 0.5, the best pair first, each box in one pair.
 * 2. The boxes of the reference that are left count as found where at least half of their area lies in found boxes that
 *    are mostly text themselves: at least 0.4 of the found box lies in boxes of the reference. That is how merged and
 *    split lines count, after Wolf and Jolion ("Object count/area graphs for the evaluation of object detection and
 *    segmentation algorithms", IJDAR 2006), whose bound on area precision is 0.4. Their bound on area recall is 0.8;
 *    0.5 is used here so that both steps ask for as much.
 * 3. A found box is spurious where it is in no pair and helped no box of step 2. A second box on text that is paired
 *    already is spurious.
 */
import type { Hits } from '../results.ts';
import { type Corners, convexPolygon, sharedArea } from './polygon.ts';

const IOU_MIN = 0.5;
const COVERED_MIN = 0.5;
const TEXT_SHARE_MIN = 0.4;

/** `tp` and `fn` count boxes of the reference, `fp` found boxes. Boxes without an area are left out. */
export function lineDetectionHits(reference: readonly Corners[], found: readonly Corners[]): Hits {
  const wanted = reference.map(convexPolygon).filter(({ area }) => area > 0);
  const boxes = found.map(convexPolygon).filter(({ area }) => area > 0);
  const shared = wanted.map((ref) => boxes.map((box) => sharedArea(ref, box)));
  const pairs: { ref: number; box: number; iou: number }[] = [];
  shared.forEach((row, ref) => {
    row.forEach((area, box) => {
      const iou = area / (wanted[ref]!.area + boxes[box]!.area - area);
      if (iou >= IOU_MIN) pairs.push({ ref, box, iou });
    });
  });
  pairs.sort((a, b) => b.iou - a.iou || a.ref - b.ref || a.box - b.box);
  const pairedRefs = new Set<number>();
  const useful = new Set<number>();
  for (const { ref, box } of pairs) {
    if (pairedRefs.has(ref) || useful.has(box)) continue;
    pairedRefs.add(ref);
    useful.add(box);
  }
  const isText = boxes.map((box, b) => shared.reduce((sum, row) => sum + row[b]!, 0) / box.area >= TEXT_SHARE_MIN);
  let tp = pairedRefs.size;
  wanted.forEach(({ area }, ref) => {
    if (pairedRefs.has(ref)) return;
    const parts = shared[ref]!.map((part, box) => ({ part: isText[box] ? part : 0, box })).filter(
      ({ part }) => part > 0,
    );
    if (parts.reduce((sum, { part }) => sum + part, 0) < COVERED_MIN * area) return;
    tp++;
    for (const { part, box } of parts) {
      if (part >= COVERED_MIN * Math.min(area, boxes[box]!.area)) useful.add(box);
    }
  });
  return { tp, fp: boxes.length - useful.size, fn: wanted.length - tp };
}
