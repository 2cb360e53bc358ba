/**
 * What a decoder process and its owner say to each other: frames of a small JSON message and a payload of bytes, over one
 * socket. Pixels travel as they are; a page of A4 at 300 dpi (26 MB) takes some 20 ms.
 */
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '../../models/core/app-error.ts';
import type { DocumentFormat } from '../../models/page-image/document-kind.ts';
import type { TextLayerColumns } from '../../models/page-image/text-layer.ts';
import type { TextLayerVerdict } from '../../models/page-image/text-layer-verdict.ts';
import { MESSAGE_BYTES_MAX } from './limits.ts';

export type DecoderRequest =
  | {
      readonly kind: 'open';
      readonly format: DocumentFormat;
      /** For messages; without folders. */
      readonly name: string;
      /** Null where the bytes are the frame's payload. */
      readonly path: string | null;
      readonly pixelsMax: number;
      readonly pageMsMax: number;
    }
  /** Page from 0. `dpi` and `textLayer` matter to PDF alone. */
  | { readonly kind: 'page'; readonly index: number; readonly dpi: number; readonly textLayer: boolean }
  | { readonly kind: 'close' };

export type DecoderAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'opened'; readonly pages: number }
  | PageAnswer
  | { readonly kind: 'closed' }
  /** `broken`: the process is in no state to go on. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly broken: boolean };

/** The payload holds the pixels, then the columns of the text layer where there is one. */
export interface PageAnswer {
  readonly kind: 'page';
  readonly widthPx: number;
  readonly heightPx: number;
  readonly dpi: number | null;
  readonly textLayer: { readonly chars: number; readonly verdict: TextLayerVerdict } | null;
}

export interface Frame<Message> {
  readonly message: Message;
  readonly payload: Uint8Array;
}

/** Two lengths of four bytes, little-endian: of the message and of the payload. */
const HEAD_BYTES = 8;
/** Bytes of one character in the columns of a text layer: code, eight coordinates, flags. */
export const TEXT_LAYER_CHAR_BYTES = 4 + 8 * 4 + 1;

/** Resolves once the system has all bytes; the payload's parts may change afterwards. */
export function writeFrame(socket: Duplex, message: object, payload: readonly Uint8Array[] = []): Promise<void> {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(text.length, 0);
  head.writeUInt32LE(
    payload.reduce((sum, part) => sum + part.length, 0),
    4,
  );
  return new Promise((resolve, reject) => {
    const parts = [Buffer.concat([head, text]), ...payload];
    parts.forEach((part, i) => {
      socket.write(part, (error) => {
        if (error) reject(error);
        else if (i === parts.length - 1) resolve();
      });
    });
  });
}

/** Puts frames together from whatever pieces come. Throws a plain Error where a length is beyond its bound. */
export class FrameReader<Message> {
  readonly #payloadBytesMax: number;
  readonly #deliver: (frame: Frame<Message>) => void;
  #target: Uint8Array = Buffer.alloc(HEAD_BYTES);
  #filled = 0;
  #part: 'head' | 'message' | 'payload' = 'head';
  #payloadBytes = 0;
  #message: Message | undefined;

  constructor(payloadBytesMax: number, deliver: (frame: Frame<Message>) => void) {
    this.#payloadBytesMax = payloadBytesMax;
    this.#deliver = deliver;
  }

  push(chunk: Uint8Array): void {
    for (let taken = 0; taken < chunk.length; ) {
      const piece = chunk.subarray(taken, taken + this.#target.length - this.#filled);
      this.#target.set(piece, this.#filled);
      this.#filled += piece.length;
      taken += piece.length;
      // An empty payload is complete without another byte.
      while (this.#filled === this.#target.length) this.#partDone();
    }
  }

  #partDone(): void {
    const bytes = Buffer.from(this.#target.buffer, this.#target.byteOffset, this.#target.length);
    this.#filled = 0;
    if (this.#part === 'head') {
      const messageBytes = bytes.readUInt32LE(0);
      this.#payloadBytes = bytes.readUInt32LE(4);
      if (messageBytes === 0 || messageBytes > MESSAGE_BYTES_MAX) throw new Error(`a message of ${messageBytes} bytes`);
      if (this.#payloadBytes > this.#payloadBytesMax) throw new Error(`a payload of ${this.#payloadBytes} bytes`);
      this.#part = 'message';
      this.#target = Buffer.alloc(messageBytes);
    } else if (this.#part === 'message') {
      // Both ends are ours; what the receiver relies on it checks itself.
      this.#message = JSON.parse(bytes.toString()) as Message;
      this.#part = 'payload';
      // Not filled with zeros first: every byte is written before the frame is delivered.
      this.#target = Buffer.allocUnsafeSlow(this.#payloadBytes);
    } else {
      const { buffer, byteOffset, length } = this.#target;
      this.#part = 'head';
      this.#target = Buffer.alloc(HEAD_BYTES);
      this.#deliver({ message: this.#message!, payload: new Uint8Array(buffer, byteOffset, length) });
    }
  }
}

export function textLayerBytes({ codes, quads, flags }: TextLayerColumns): Uint8Array[] {
  return [codes, quads, flags].map((column) => new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
}

/** Copies the columns out, since numbers of four bytes cannot be read in place at any offset. */
export function textLayerColumns(payload: Uint8Array, offset: number, chars: number): TextLayerColumns {
  const slice = (from: number, length: number) =>
    new Uint8Array(payload.subarray(offset + from, offset + from + length)).buffer;
  return {
    codes: new Uint32Array(slice(0, chars * 4)),
    quads: new Float32Array(slice(chars * 4, chars * 32)),
    flags: new Uint8Array(slice(chars * 36, chars)),
  };
}
