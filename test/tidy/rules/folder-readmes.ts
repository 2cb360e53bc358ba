/** One folder, one concept, one short README. */

import type { Finding } from './finding.ts';
import type { SourceText } from './imports.ts';

const LINES_MIN = 5;
const LINES_MAX = 25;

/** Folders that hold code, where `covers` says so, and the README of each. */
export function readmeFindings(files: readonly SourceText[], covers: (folder: string) => boolean): Finding[] {
  const byPath = new Map(files.map((file) => [file.path, file.text]));
  const folders = new Set(
    files
      .filter(({ path }) => /\.(ts|mjs|py)$/.test(path) && path.includes('/'))
      .map(({ path }) => path.slice(0, path.lastIndexOf('/'))),
  );
  return [...folders]
    .filter(covers)
    .sort()
    .flatMap((folder): Finding[] => {
      const path = `${folder}/README.md`;
      const text = byPath.get(path);
      const use = `say what the folder is, the invariant it keeps and which file to read first, in ${LINES_MIN} to ${LINES_MAX} lines`;
      if (text === undefined) return [{ path, line: 1, what: 'is missing', use }];
      const lines = text.trimEnd().split('\n').length;
      if (lines < LINES_MIN || lines > LINES_MAX) return [{ path, line: 1, what: `has ${lines} lines`, use }];
      return [];
    });
}

/** Files that a folder's README names in backticks, with a path or without. */
export function mentionFindings(readme: SourceText, exists: (path: string) => boolean): Finding[] {
  const folder = readme.path.includes('/') ? readme.path.slice(0, readme.path.lastIndexOf('/') + 1) : '';
  const findings: Finding[] = [];
  readme.text.split('\n').forEach((text, i) => {
    for (const match of text.matchAll(/`([\w./-]+\.(?:ts|mjs|md))`/g)) {
      const named = match[1]!;
      if (exists(folder + named) || exists(named)) continue;
      findings.push({ path: readme.path, line: i + 1, what: `${named} does not exist`, use: 'name a file that does' });
    }
  });
  return findings;
}
