import { corrupt, type OpenContext } from './pcm-stream.ts';
import { latin } from './sniff.ts';

/** The index of an hour of AAC has about 1 MB; ten times a day's worth is no recording. */
const INDEX_BYTES_MAX = 64 << 20;
/** Boxes that stand at the top of a file and may be large enough to be cut. */
const TOP_BOXES = new Set(['ftyp', 'moov', 'mdat', 'moof', 'free', 'skip', 'wide', 'uuid', 'meta', 'sidx', 'mfra']);
/** Boxes that may hold a chunk offset table below them. */
const PARENTS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

interface Box {
  readonly type: string;
  readonly start: number;
  readonly length: number;
}

/** How the boxes of an MP4 file lie (ISO/IEC 14496-12). */
export interface MovieLayout {
  readonly boxes: readonly Box[];
  /** The index box, whole. */
  readonly index: Uint8Array;
  readonly indexFirst: boolean;
  /** Length by the movie header; null where it has none (fragmented files). */
  readonly seconds: number | null;
  /** Why the file is known to be cut; null where it seems whole. */
  readonly cut: string | null;
}

/** Looks at the boxes where the source can be read at any place; null for a stream. */
export async function readMovieLayout(context: OpenContext): Promise<MovieLayout | null> {
  const { reader } = context;
  const end = reader.lengthBytes;
  if (!reader.seekable || end === null) return null;
  const boxes: Box[] = [];
  let cut: string | null = null;
  for (let at = reader.position; at + 8 <= end; ) {
    const head = await reader.at(at, 16);
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    const type = latin(head, 4, 4);
    let length = view.getUint32(0);
    if (length === 1 && head.length === 16) length = Number(view.getBigUint64(8));
    if (length === 0) length = end - at;
    if (length < 8) throw corrupt(context, `an MP4 box of ${length} bytes`);
    if (at + length > end) {
      if (!TOP_BOXES.has(type)) throw corrupt(context, `no MP4 box at byte ${at}`);
      cut = `its ${type} box promises ${length} bytes, ${end - at} are there`;
    }
    boxes.push({ type, start: at, length: Math.min(length, end - at) });
    at += length;
    if (boxes.length > 100_000) throw corrupt(context, 'an MP4 file of more than 100,000 boxes');
  }
  const moov = boxes.find((box) => box.type === 'moov');
  if (!moov || (cut && moov === boxes.at(-1))) {
    throw corrupt(context, cut ? `the file ends early, before its index: ${cut}` : 'an MP4 file without an index');
  }
  if (moov.length > INDEX_BYTES_MAX) throw corrupt(context, `an MP4 index of ${moov.length} bytes`);
  const index = Uint8Array.from(await reader.at(moov.start, moov.length));
  const media = boxes.findIndex((box) => box.type === 'mdat');
  return { boxes, index, indexFirst: media < 0 || boxes.indexOf(moov) < media, seconds: movieSeconds(index), cut };
}

/**
 * The file as a decoder can read it from a pipe: recorders write the index last, and a pipe cannot be wound back, so it
 * is sent first, with its offsets moved by its own length.
 */
export async function* streamable(context: OpenContext, layout: MovieLayout | null): AsyncGenerator<Uint8Array> {
  const { reader } = context;
  if (!layout || layout.indexFirst) {
    yield* reader.rest();
    return;
  }
  const moov = layout.boxes.find((box) => box.type === 'moov')!;
  const media = layout.boxes.findIndex((box) => box.type === 'mdat');
  const before = layout.boxes.slice(0, media);
  for (const box of before) yield await reader.at(box.start, box.length);
  moveOffsets(context, layout.index, moov.length, moov.start);
  yield layout.index;
  for (const box of layout.boxes.slice(media)) {
    if (box === moov) continue;
    for (let at = box.start; at < box.start + box.length; at += 65_536) {
      yield await reader.at(at, Math.min(65_536, box.start + box.length - at));
    }
  }
}

/** Adds `move` to every chunk offset that lies before the index's old place. */
function moveOffsets(context: OpenContext, index: Uint8Array, move: number, indexStart: number): void {
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  walk(index, 0, index.length, (type, start, length) => {
    if (type !== 'stco' && type !== 'co64') return;
    const width = type === 'stco' ? 4 : 8;
    const count = view.getUint32(start + 12);
    if (16 + count * width > length) throw corrupt(context, 'an MP4 index whose offset table is damaged');
    for (let i = 0; i < count; i++) {
      const at = start + 16 + i * width;
      const offset = width === 4 ? view.getUint32(at) : Number(view.getBigUint64(at));
      if (offset >= indexStart) continue;
      if (width === 4) view.setUint32(at, offset + move);
      else view.setBigUint64(at, BigInt(offset + move));
    }
  });
}

/** Visits boxes, depth first, entering those that hold others. */
function walk(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (type: string, start: number, length: number) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = start; at + 8 <= end; ) {
    const length = view.getUint32(at);
    const type = latin(bytes, at + 4, 4);
    if (length < 8 || at + length > end) return;
    if (length >= 16) visit(type, at, length);
    if (PARENTS.has(type)) walk(bytes, at + 8, at + length, visit);
    at += length;
  }
}

function movieSeconds(index: Uint8Array): number | null {
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  let found: number | null = null;
  walk(index, 0, index.length, (type, start, length) => {
    if (type !== 'mvhd' || length < 40) return;
    const long = index[start + 8] === 1;
    const scale = view.getUint32(start + (long ? 28 : 20));
    const duration = long ? Number(view.getBigUint64(start + 32)) : view.getUint32(start + 24);
    const unknown = duration === 0 || duration === 0xffffffff || scale === 0;
    found = unknown ? null : duration / scale;
  });
  return found;
}
