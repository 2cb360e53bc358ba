/**
 * The files of the page, ready to be served: what the compiler made of services/web/page, and the files beside it. They
 * are read once; a page of a running service does not change beneath it.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface WebAsset {
  readonly bytes: Uint8Array;
  /** Content-Type. */
  readonly type: string;
  /** With its quotes, as the header has it. */
  readonly etag: string;
}

/**
 * Headers of every answer with an asset. Nothing of another site, no markup made from strings, no frame around the page;
 * sockets to this service only. `no-cache` lets browsers keep the files and ask whether they are still the same.
 */
export const WEB_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'microphone=(self), camera=(), geolocation=(), payment=(), usb=()',
  'cache-control': 'no-cache',
};

/** Modules that nothing imports: the page's first, and the one that the audio thread loads. */
const ENTRIES = ['services/web/page/main.js', 'services/web/page/talk/capture-worklet.js'];

/** Under the folder of sources, by the address they have. */
const FILES: Readonly<Record<string, { readonly name: string; readonly type: string }>> = {
  '/': { name: 'index.html', type: 'text/html; charset=utf-8' },
  '/web/page.css': { name: 'page.css', type: 'text/css; charset=utf-8' },
  '/web/panels.css': { name: 'panels.css', type: 'text/css; charset=utf-8' },
  '/web/icon.svg': { name: 'icon.svg', type: 'image/svg+xml' },
};

/** This file runs as dist/services/web/web-assets.js. */
const ROOT = new URL('../../../', import.meta.url);

/** Assets by path. Throws as `readFileSync` does where the page was not compiled (npm run build). */
export function webAssets(): Map<string, WebAsset> {
  const assets = new Map<string, WebAsset>();
  for (const [path, { name, type }] of Object.entries(FILES)) {
    assets.set(path, asset(readFileSync(new URL(`services/web/page/${name}`, ROOT)), type));
  }
  const open = [...ENTRIES];
  for (let module = open.pop(); module !== undefined; module = open.pop()) {
    const path = `/web/${module}`;
    if (assets.has(path)) continue;
    const bytes = readFileSync(fileURLToPath(new URL(`dist/web/${module}`, ROOT)));
    assets.set(path, asset(bytes, 'text/javascript; charset=utf-8'));
    open.push(...importedModules(module, bytes.toString('utf8')));
  }
  return assets;
}

/** Modules that a compiled one imports, as paths from the root. Stale files of an earlier build are never reached. */
export function importedModules(module: string, source: string): string[] {
  const imports = source.matchAll(/^\s*(?:(?:import|export)\b[^;'"]*?\bfrom|import)\s*['"](\.[^'"]+)['"]/gm);
  return [...imports].map((match) => posix.join(posix.dirname(module), match[1]!));
}

function asset(bytes: Uint8Array, type: string): WebAsset {
  return { bytes, type, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"` };
}
