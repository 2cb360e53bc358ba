/** A stand-in for the hub on the loopback: lists and serves the files of one repository, and misbehaves on request. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gitBlobHex, sha256Hex } from './model-cache.ts';

export interface HubRequest {
  readonly path: string;
  readonly range: string | null;
  readonly authorization: string | null;
}

export interface HubFaults {
  /** For each answer with content, in order: bytes after which the connection is cut. */
  cutAfterBytes: number[];
  /** Answers 200 with the whole file, whatever range was asked for. */
  ignoreRanges: boolean;
  /** Sends the head and some bytes, and then nothing more. */
  stall: boolean;
  /** Every answer has this status. */
  status: number | null;
  /** Serves other bytes of the same length. */
  wrongBytes: boolean;
  /** Sends at most so many bytes at a time, one piece per 5 ms. */
  pieceBytes: number | null;
}

export class HubStandIn {
  readonly requests: HubRequest[] = [];
  readonly faults: HubFaults = {
    cutAfterBytes: [],
    ignoreRanges: false,
    stall: false,
    status: null,
    wrongBytes: false,
    pieceBytes: null,
  };
  sentBytes = 0;
  readonly #server: Server;
  readonly #repo: string;
  readonly #commit: string;
  readonly #files: Readonly<Record<string, Buffer>>;

  private constructor(repo: string, commit: string, files: Readonly<Record<string, Buffer>>) {
    this.#repo = repo;
    this.#commit = commit;
    this.#files = files;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(repo: string, commit: string, files: Readonly<Record<string, Buffer>>): Promise<HubStandIn> {
    const hub = new HubStandIn(repo, commit, files);
    await new Promise<void>((resolve) => hub.#server.listen(0, '127.0.0.1', resolve));
    return hub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ranges asked for of one file. */
  rangesOf(path: string): (string | null)[] {
    return this.requests.filter((request) => request.path.endsWith(`/${path}`)).map((request) => request.range);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent((request.url ?? '').split('?')[0]!);
    const range = request.headers.range ?? null;
    this.requests.push({ path, range, authorization: request.headers.authorization ?? null });
    if (this.faults.status !== null) {
      response.writeHead(this.faults.status).end('refused');
      return;
    }
    if (path === `/api/models/${this.#repo}/tree/${this.#commit}`) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(this.#listing()));
      return;
    }
    const prefix = `/${this.#repo}/resolve/${this.#commit}/`;
    const content = path.startsWith(prefix) ? this.#files[path.slice(prefix.length)] : undefined;
    if (!content) {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end('Entry not found');
      return;
    }
    await this.#send(response, this.faults.wrongBytes ? content.map((byte) => byte ^ 1) : content, range);
  }

  async #send(response: ServerResponse, content: Uint8Array, range: string | null): Promise<void> {
    const match = this.faults.ignoreRanges ? null : /^bytes=(\d+)-(\d+)$/.exec(range ?? '');
    const start = match ? Number(match[1]) : 0;
    const end = match ? Number(match[2]) + 1 : content.length;
    const body = content.subarray(start, end);
    response.writeHead(match ? 206 : 200, {
      'content-length': body.length,
      ...(match ? { 'content-range': `bytes ${start}-${end - 1}/${content.length}` } : {}),
    });
    const cut = this.faults.cutAfterBytes.shift();
    const bytes = cut === undefined ? body : body.subarray(0, cut);
    const pieceBytes = this.faults.pieceBytes ?? bytes.length;
    for (let at = 0; at < bytes.length && !response.destroyed; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      await new Promise((resolve) => response.write(piece, resolve));
      this.sentBytes += piece.length;
      if (this.faults.pieceBytes !== null) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (this.faults.stall) return;
    if (cut === undefined) response.end();
    else response.destroy();
  }

  /** Large files as Git LFS has them, small ones by their blob id. */
  #listing(): object[] {
    const files = Object.entries(this.#files).map(([path, bytes]) =>
      bytes.length > LFS_ABOVE_BYTES
        ? {
            type: 'file',
            path,
            size: bytes.length,
            oid: gitBlobHex(Buffer.from('pointer')),
            lfs: { oid: sha256Hex(bytes), size: bytes.length, pointerSize: 134 },
          }
        : { type: 'file', path, size: bytes.length, oid: gitBlobHex(bytes) },
    );
    return [{ type: 'directory', path: 'extras', size: 0, oid: '0'.repeat(40) }, ...files];
  }
}

const LFS_ABOVE_BYTES = 10_000;
