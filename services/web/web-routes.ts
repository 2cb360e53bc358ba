/** Serves the page of `web-assets.ts`; a plugin of its own, so that any Fastify app can mount it. */
import type { FastifyInstance } from 'fastify';
import { WEB_HEADERS, webAssets } from './web-assets.ts';

/** Registers one GET route per file; `/` is the page. HEAD follows from GET. Throws where the page was not compiled. */
export function webRoutes(app: FastifyInstance): void {
  for (const [path, { bytes, type, etag }] of webAssets()) {
    // The page is a request of somebody's; its forty-odd files are not worth a line each.
    const config = path === '/' ? {} : { label: '/web/*' };
    app.get(path, { schema: { hide: true } as object, config }, (request, reply) => {
      reply.headers({ ...WEB_HEADERS, etag });
      if (namesTag(request.headers['if-none-match'], etag)) return reply.code(304).send();
      return reply.type(type).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    });
  }
}

/** Whether an If-None-Match header names this version; weak tags count, as a proxy may have made them (RFC 9110, 13.1.2). */
export function namesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
