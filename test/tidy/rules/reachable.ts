/** Which files anything leads to. */

import type { Finding } from './finding.ts';
import { importLines, resolveImport, type SourceText } from './imports.ts';

/** Paths that the entries import, directly or not, entries included. */
export function reachableFrom(entries: readonly string[], files: readonly SourceText[]): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const file = byPath.get(path);
    if (!file || reached.has(path)) continue;
    reached.add(path);
    for (const { specifier } of importLines(file.text)) {
      if (specifier.startsWith('.')) open.push(resolveImport(path, specifier));
    }
  }
  return reached;
}

export function unusedFindings(entries: readonly string[], files: readonly SourceText[]): Finding[] {
  const reached = reachableFrom(entries, files);
  return files
    .filter(({ path }) => !reached.has(path))
    .map(({ path }) => ({ path, line: 1, what: 'nothing imports this file', use: 'use it, or delete it' }));
}

/** Relative imports of files that do not exist; the compiler skips worker files and dynamic names. */
export function missingFindings(files: readonly SourceText[], exists: (path: string) => boolean): Finding[] {
  return files.flatMap(({ path, text }) =>
    importLines(text)
      .filter(({ specifier }) => specifier.startsWith('.') && !exists(resolveImport(path, specifier)))
      .map(({ specifier, line }) => ({ path, line, what: `${specifier} does not exist`, use: 'correct the path' })),
  );
}
