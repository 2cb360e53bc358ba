/** Every limit has its reason beside it. */

import type { Finding } from './finding.ts';
import type { SourceText } from './imports.ts';

/** Shorter than this, a comment only repeats the name. */
const REASON_LEN_MIN = 20;

/** Exported constants of a limits file, each with a doc comment just above. */
export function limitFindings({ path, text }: SourceText): Finding[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i): Finding[] => {
    const name = /^export const (\w+)/.exec(line)?.[1];
    if (!name) return [];
    const above = lines[i - 1]?.trim() ?? '';
    let first = i - 1;
    while (first > 0 && !lines[first]!.trim().startsWith('/**')) first--;
    const comment = lines
      .slice(first, i)
      .join(' ')
      .replace(/[/*\s]+/g, ' ');
    if (above.endsWith('*/') && comment.trim().length >= REASON_LEN_MIN) return [];
    return [{ path, line: i + 1, what: `${name} has no reason`, use: 'say above it why this bound and not another' }];
  });
}
