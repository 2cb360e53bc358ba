import { AppError } from '../../models/core/app-error.ts';
import { FRAME_BYTES_MAX, FRAME_DEPTH_MAX, FRAME_VALUES_MAX } from './limits.ts';

/**
 * Walks the heads of a MessagePack frame without decoding a value, so that a hostile one is refused before anything is
 * allocated: a five-byte head may claim an array of four billion, and a megabyte of array heads nests a million deep.
 * Throws protocol_error: too long, too deep, too many values, cut short, trailing bytes, or a type that v1 has no use
 * for (extensions, 64-bit integers beyond 2^53).
 */
export function checkStructure(frame: Uint8Array): void {
  if (frame.length > FRAME_BYTES_MAX) {
    throw new AppError('protocol_error', `Frame of ${frame.length} bytes; at most ${FRAME_BYTES_MAX} are taken.`);
  }
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  /** Values that are still to come at each depth. */
  const left = new Int32Array(FRAME_DEPTH_MAX + 1);
  let depth = 0;
  let at = 0;
  let values = 0;
  left[0] = 1;

  while (depth >= 0) {
    if (left[depth] === 0) {
      depth--;
      continue;
    }
    left[depth]!--;
    if (++values > FRAME_VALUES_MAX) refuse(`more than ${FRAME_VALUES_MAX} values`, at);
    if (at >= frame.length) refuse('the frame ends inside a value', at);
    const head = frame[at]!;
    const { headBytes, payloadBytes, children } = readHead(view, at, head);
    at += headBytes + payloadBytes;
    // A value takes at least one byte, so a count beyond the bytes left is a lie.
    if (at > frame.length || children > frame.length - at) refuse('a length runs past the end of the frame', at);
    if (children > 0) {
      if (++depth > FRAME_DEPTH_MAX) refuse(`more than ${FRAME_DEPTH_MAX} levels of nesting`, at);
      left[depth] = children;
    }
  }
  if (at !== frame.length) refuse(`${frame.length - at} bytes after the message`, at);
}

interface Head {
  readonly headBytes: number;
  /** Bytes after the head that belong to this value itself. */
  readonly payloadBytes: number;
  /** Values that follow as its children. */
  readonly children: number;
}

function readHead(view: DataView, at: number, head: number): Head {
  if (head <= 0x7f || head >= 0xe0) return plain(1);
  if (head <= 0x8f) return { headBytes: 1, payloadBytes: 0, children: 2 * (head & 0x0f) };
  if (head <= 0x9f) return { headBytes: 1, payloadBytes: 0, children: head & 0x0f };
  if (head <= 0xbf) return { headBytes: 1, payloadBytes: head & 0x1f, children: 0 };
  switch (head) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return plain(1);
    case 0xc4: // bin 8
    case 0xd9: // str 8
      return { headBytes: 2, payloadBytes: length(view, at, 1), children: 0 };
    case 0xc5: // bin 16
    case 0xda: // str 16
      return { headBytes: 3, payloadBytes: length(view, at, 2), children: 0 };
    case 0xc6: // bin 32
    case 0xdb: // str 32
      return { headBytes: 5, payloadBytes: length(view, at, 4), children: 0 };
    case 0xcc: // u8
    case 0xd0: // i8
      return plain(2);
    case 0xcd: // u16
    case 0xd1: // i16
      return plain(3);
    case 0xca: // f32
    case 0xce: // u32
    case 0xd2: // i32
      return plain(5);
    case 0xcb: // f64
    case 0xcf: // u64
    case 0xd3: // i64
      return plain(9);
    case 0xdc:
      return { headBytes: 3, payloadBytes: 0, children: length(view, at, 2) };
    case 0xdd:
      return { headBytes: 5, payloadBytes: 0, children: length(view, at, 4) };
    case 0xde:
      return { headBytes: 3, payloadBytes: 0, children: 2 * length(view, at, 2) };
    case 0xdf:
      return { headBytes: 5, payloadBytes: 0, children: 2 * length(view, at, 4) };
    default:
      return refuse(`type 0x${head.toString(16)}, which v1 does not use`, at);
  }
}

function plain(headBytes: number): Head {
  return { headBytes, payloadBytes: 0, children: 0 };
}

function length(view: DataView, at: number, bytes: 1 | 2 | 4): number {
  if (at + 1 + bytes > view.byteLength) refuse('the frame ends inside a length', at);
  if (bytes === 1) return view.getUint8(at + 1);
  return bytes === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
}

function refuse(what: string, at: number): never {
  throw new AppError('protocol_error', `Frame refused at byte ${at}: ${what}.`);
}
