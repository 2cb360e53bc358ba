/** The web page: a folder's files, read once at the start. What is not among them then cannot be asked for later. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { STATIC_BYTES_MAX } from '../server/limits.ts';
import { CSP_PAGE } from './security.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

export interface StaticFile {
  /** `/` for index.html. */
  readonly url: string;
  readonly type: string;
  readonly bytes: Buffer;
  readonly etag: string;
}

/** Files of known types under `folder`; hidden ones and source maps are left out. */
export async function readStaticFiles(folder: string): Promise<StaticFile[]> {
  const names = (await readdir(folder, { recursive: true })).map(String).sort();
  const files: StaticFile[] = [];
  let total = 0;
  for (const name of names) {
    const type = TYPES[extname(name)];
    const parts = name.split(sep);
    if (type === undefined || parts.some((part) => part.startsWith('.'))) continue;
    const bytes = await readFile(join(folder, name));
    total += bytes.length;
    if (total > STATIC_BYTES_MAX) throw new Error(`the web page has more than ${STATIC_BYTES_MAX} bytes`);
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const url = `/${parts.map(encodeURIComponent).join('/')}`;
    files.push({ url: url === '/index.html' ? '/' : url, type, bytes, etag });
  }
  return files;
}

export function staticRoutes(app: FastifyInstance, files: readonly StaticFile[]): void {
  for (const { url, type, bytes, etag } of files) {
    app.get(url, {
      schema: { hide: true },
      handler: (request, reply) => {
        // Looked at again each time: the files change with the program, under the same names.
        void reply.headers({ 'content-type': type, etag, 'cache-control': 'no-cache' });
        if (type.startsWith('text/html')) void reply.header('content-security-policy', CSP_PAGE);
        if (request.headers['if-none-match'] === etag) return reply.code(304).send();
        return reply.send(bytes);
      },
    });
  }
}
