/** Links in markdown: to files that exist, to headings that exist. */

import { posix } from 'node:path';
import type { Finding } from './finding.ts';
import type { SourceText } from './imports.ts';

export function linkFindings(
  { path, text }: SourceText,
  exists: (path: string) => boolean,
  read: (path: string) => string,
): Finding[] {
  const findings: Finding[] = [];
  let fenced = false;
  text.split('\n').forEach((line, i) => {
    if (/^\s*```/.test(line)) fenced = !fenced;
    if (fenced) return;
    for (const match of line.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)) {
      const [target, anchor] = match[1]!.split('#') as [string, string?];
      if (/^[a-z]+:/.test(target)) continue;
      const file = target === '' ? path : posix.join(posix.dirname(path), decodeURI(target));
      const at = { path, line: i + 1 };
      if (!exists(file)) findings.push({ ...at, what: `${match[1]} leads nowhere`, use: 'link to what exists' });
      else if (anchor && file.endsWith('.md') && !anchorsOf(read(file)).has(anchor)) {
        findings.push({ ...at, what: `#${anchor} is no heading of ${file}`, use: 'link to one of its headings' });
      }
    }
  });
  return findings;
}

/** Anchors as GitHub makes them from headings. */
function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.split('\n').flatMap((line) => /^#{1,6}\s+(.*)$/.exec(line)?.[1] ?? []);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}
