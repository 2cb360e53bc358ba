/** Which way imports point, and which packages they name. */

import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { type Finding, lineAt } from './finding.ts';

export interface SourceText {
  readonly path: string;
  readonly text: string;
}

export interface ImportLine {
  readonly specifier: string;
  readonly line: number;
}

const PATTERNS = [
  /(?:^|\n)[ \t]*(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/g,
  /(?:^|\n)[ \t]*import\s*['"]([^'"]+)['"]/g,
  /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
  // How a worker's file is named.
  /\bnew URL\(\s*['"](\.[^'"]+\.[cm]?[jt]s)['"]/g,
];

/** Static and dynamic imports, re-exports and worker files, by line. */
export function importLines(text: string): ImportLine[] {
  const found: ImportLine[] = [];
  for (const pattern of PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      const offset = match.index + match[0].lastIndexOf(match[1]!);
      found.push({ specifier: match[1]!, line: lineAt(text, offset) });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

/** Path of a relative import in the project; workers name the compiled file. */
export function resolveImport(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.(m?)js$/, (_, m) => (m === 'm' ? '.mjs' : '.ts'));
}

/** Folders that a folder may import from. The first rule that fits decides. */
const ALLOWED: ReadonlyArray<{ readonly under: string; readonly from: readonly string[] }> = [
  { under: 'models/core/', from: ['models/core/'] },
  { under: 'models/', from: ['models/'] },
  { under: 'fusion/', from: ['fusion/', 'models/core/'] },
  { under: 'services/', from: ['services/', 'fusion/', 'models/'] },
  { under: 'fixtures/', from: ['fixtures/', 'services/', 'fusion/', 'models/'] },
  { under: 'test/', from: ['test/', 'fixtures/', 'services/', 'fusion/', 'models/'] },
];

/** Fusion is pure: none of these reach it. */
const IMPURE = new Set([
  'fs',
  'fs/promises',
  'net',
  'http',
  'https',
  'dgram',
  'tls',
  'child_process',
  'worker_threads',
]);

export function directionFindings({ path, text }: SourceText): Finding[] {
  const rule = ALLOWED.find(({ under }) => path.startsWith(under));
  if (!rule) return [];
  return importLines(text).flatMap(({ specifier, line }): Finding[] => {
    if (path.startsWith('fusion/') && specifier.startsWith('node:') && IMPURE.has(specifier.slice(5))) {
      return [
        { path, line, what: `fusion imports ${specifier}`, use: 'fusion is pure: move this to services or models' },
      ];
    }
    if (!specifier.startsWith('.')) return [];
    const target = resolveImport(path, specifier);
    if (rule.from.some((folder) => target.startsWith(folder))) return [];
    return [
      {
        path,
        line,
        what: `imports ${target}`,
        use: `files under ${rule.under} import from ${rule.from.join(', ')} only`,
      },
    ];
  });
}

/** Packages that are imported must be listed; those of the product, among its dependencies. */
export function packageFindings(
  { path, text }: SourceText,
  packages: { readonly product: ReadonlySet<string>; readonly development: ReadonlySet<string> },
): Finding[] {
  const isTest = path.startsWith('test/') || path.startsWith('fixtures/');
  return importLines(text).flatMap(({ specifier, line }): Finding[] => {
    if (specifier.startsWith('.') || specifier.startsWith('node:')) return [];
    if (builtinModules.includes(specifier)) {
      return [{ path, line, what: `imports ${specifier}`, use: `write node:${specifier}` }];
    }
    const parts = specifier.split('/');
    const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
    if (packages.product.has(name) || (isTest && packages.development.has(name))) return [];
    return [{ path, line, what: `imports ${name}`, use: 'list it in package.json, or use what is listed' }];
  });
}
